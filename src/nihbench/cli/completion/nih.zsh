#compdef nih nihbench
# Completion of nih for zsh: nih completion zsh > a folder of $fpath, as _nih
_nih() {
    local -a lines ended going_on
    local line value told
    lines=("${(@f)$("${words[1]/#\~/$HOME}" __complete zsh "${(@)words[2,CURRENT-1]}" "${PREFIX}" 2>/dev/null)}")
    for line in $lines; do
        value=${line%%$'\t'*}
        told=${line#*$'\t'}
        [[ $told == $line ]] && told=$value
        if [[ $value == :files ]]; then
            # Behind --option= the file's name begins there.
            [[ $PREFIX == --*=* ]] && compset -P '--*='
            _files
        elif [[ $value == *[/=] ]]; then
            going_on+=("${value//:/\\:}:$told")
        else
            ended+=("${value//:/\\:}:$told")
        fi
    done
    (( $#ended )) && _describe -t values nih ended
    (( $#going_on )) && _describe -t values nih going_on -S ''
    return 0
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _nih "$@"
else
    compdef _nih nih nihbench
fi
