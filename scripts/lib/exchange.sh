# shellcheck shell=bash disable=SC2034,SC2154 # reads and sets variables of up
# Which market `up` follows, and the folder that belongs to it.

# exchange_answers: whether the real exchange answers within 3 s.
exchange_answers() { curl -fsS -m 3 "$(setting BINANCE_REST_URL https://api.binance.com)/api/v3/ping"; }

# choose_source: decides the mode if need be, and sets symbols, SOURCE (MARKET_SOURCE) and STACK. A database, its log
# and its Redis belong to one source.
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
    symbols=${symbols:-$(setting SYMBOLS "$([ "$mode" = live ] && echo BTCUSDT || echo BTCUSDT,ETHUSDT)")}
    if [ "$mode" = live ]; then
        SOURCE=binance
        STACK=$RUN/live
    else
        # The simulator names its market: which trades there are depends on the number of symbols, too.
        SOURCE=$(SYMBOLS=$symbols SIMULATOR_RATE=$rate SIMULATOR_SEED=$seed "$BIN/exchange-simulator" source) ||
            fail "there is no such market: --symbols $symbols, --rate $rate, --seed $seed"
        STACK=$RUN/$(printf '%s' "$SOURCE" | tr -c 'A-Za-z0-9.' '-')
    fi
}
