# Completion of `coppice` in bash.

_coppice() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
    run | check | graph | schema | chaos)
      command=$word
      break
      ;;
    esac
  done

  case $previous in
  --load)
    mapfile -t COMPREPLY < <(compgen -f -X '!*.so*' -- "$current"; compgen -d -- "$current")
    compopt -o filenames 2>/dev/null
    return
    ;;
  --script | --expect | --trace | --output | --junit)
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    compopt -o filenames 2>/dev/null
    return
    ;;
  --format)
    mapfile -t COMPREPLY < <(compgen -W 'dot svg' -- "$current")
    return
    ;;
  --report)
    mapfile -t COMPREPLY < <(compgen -d -- "$current")
    compopt -o filenames 2>/dev/null
    return
    ;;
  --way)
    mapfile -t COMPREPLY < <(compgen -W 'kill exception exit_signal failing_start hang' -- "$current")
    return
    ;;
  --seed | --victims | --point)
    return
    ;;
  --for)
    mapfile -t COMPREPLY < <(compgen -W '10s 10min 1h 24h 7d' -- "$current")
    return
    ;;
  --threads)
    mapfile -t COMPREPLY < <(compgen -W "$(seq "$(nproc 2>/dev/null || echo 1)")" -- "$current")
    return
    ;;
  esac

  local options=''
  case $command in
  '') options='--help --version' ;;
  run) options='--load --script --trace --threads --simulate --seed --for --check-determinism --verbose --help' ;;
  check) options='--load --help' ;;
  graph) options='--format --output --load --help' ;;
  schema) options='--plan --help' ;;
  chaos)
    options='--seed --report --junit --real-time --threads --sweep --script --expect --victims --way --point --load --verbose --help'
    ;;
  esac

  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  elif [[ -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W 'run check graph schema chaos' -- "$current")
  elif [[ $command != schema ]]; then
    mapfile -t COMPREPLY < <(compgen -f -X '!*.json' -- "$current"; compgen -d -- "$current")
    compopt -o filenames 2>/dev/null
  fi
}

complete -F _coppice coppice
