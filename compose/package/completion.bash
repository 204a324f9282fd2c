# Completion of the gateway's programs in bash: options and subcommands are those of their --help.

_websocket_gateway()
{
    local program=$1 word=$2 previous=$3 help
    COMPREPLY=()
    case $previous in
    --env)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    esac
    help=$("$program" --help 2>/dev/null) || return 0
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(grep -oE -- '^  --[a-z-]+' <<<"$help")" -- "$word")
    else
        # The words in small letters behind [options], in the lines that begin with the name.
        help=$(sed -nE 's/^(Usage:|      ) [a-z-]+ \[options\] //p' <<<"$help" | tr '| ' '\n\n' |
            grep -E '^[a-z]+$' | sort -u)
        mapfile -t COMPREPLY < <(compgen -W "$help" -- "$word")
    fi
}

complete -F _websocket_gateway ws-edge ws-relay ws-control ws-dead-letters
