# Completion of nih for fish: nih completion fish > ~/.config/fish/completions/nih.fish
function __nih_complete
    set -l words (commandline -opc)
    set -l begun (commandline -ct)
    for line in ($words[1] __complete fish $words[2..-1] "$begun" 2>/dev/null)
        if test "$line" = :files
            set -l option (string match -r -- '^--[^=]+=' "$begun")
            for file in (__fish_complete_path (string replace -r -- '^--[^=]+=' '' "$begun"))
                echo -- "$option$file"
            end
        else
            echo -- "$line"
        end
    end
end
complete --command nih --no-files --arguments '(__nih_complete)'
complete --command nihbench --no-files --arguments '(__nih_complete)'
