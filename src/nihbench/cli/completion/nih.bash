# Completion of nih for bash 4 and later: nih completion bash > ~/.local/share/bash-completion/completions/nih
_nih() {
    local rest=${COMP_LINE:0:COMP_POINT} word begun value lines words=() number
    # bash splits words at = and :, too. They are put together again as the line has them.
    for ((number = 0; number <= COMP_CWORD; number++)); do
        word=${COMP_WORDS[number]}
        if ((number == 0)) || [[ -z $rest || $rest == [[:space:]]* ]]; then
            rest=${rest#"${rest%%[![:space:]]*}"}
            words+=("")
        fi
        ((number == COMP_CWORD)) && word=$rest
        words[${#words[@]} - 1]+=$word
        rest=${rest#"$word"}
    done
    begun=$word
    [[ $begun == [=:] ]] && begun=
    mapfile -t lines < <("${1/#\~/$HOME}" __complete bash "${words[@]:1}" 2>/dev/null)
    COMPREPLY=()
    for value in "${lines[@]}"; do
        value=${value%%$'\t'*}
        if [[ $value == :files ]]; then
            compopt -o filenames
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$begun")
        else
            COMPREPLY+=("${value#"${words[-1]%"$begun"}"}")
        fi
    done
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *[/=] ]]; then
        compopt -o nospace
    fi
}
complete -F _nih nih nihbench
