# shellcheck shell=bash disable=SC2034,SC2154 # reads and sets variables of up
# Which market `up` follows, and the folder that belongs to it.

# exchange_answers: whether the real exchange answers within 3 s.
exchange_answers() { curl -fsS -m 3 "$(setting BINANCE_REST_URL https://api.binance.com)/api/v3/ping"; }

# choose_source: sets SOURCE (MARKET_SOURCE) and STACK from mode, rate and seed. A database belongs to one source.
choose_source() {
    case $mode in
        live) exchange_answers >/dev/null 2>&1 || note "the exchange does not answer now; the producer keeps trying" ;;
        simulate) ;;
        *)
            if exchange_answers >/dev/null 2>&1; then
                mode=live
                step "the exchange answers: following it (--simulate for the simulator)"
            else
                mode=simulate
                step "the exchange does not answer: following the simulator (--live to insist)"
            fi
            ;;
    esac
    if [ "$mode" = live ]; then
        SOURCE=binance
        STACK=$RUN/live
    else
        SOURCE="simulator:seed=$seed,rate=$rate"
        STACK=$RUN/simulator-seed-$seed-rate-$rate
    fi
}
