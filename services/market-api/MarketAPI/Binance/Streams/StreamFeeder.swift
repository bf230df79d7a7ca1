import Exchanges
import MarketCore
import ServiceKit
import ServiceLifecycle

/// Brings the streams what does not come by itself: candles that a window began with, and each second's tickers.
struct StreamFeeder: Service {
    let hub: StreamHub
    let board: LiveBoard
    let history: any CandleRepository
    let days: DayReader
    let trades: TradeTail
    var tickerEvery: Duration = .seconds(1)
    var retryAfter: Duration = .seconds(1)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await fillLacks() }
                group.addTask { await publishTickers() }
            }
        }
    }

    private func fillLacks() async {
        for await _ in hub.lacks {
            var hasFailed = true
            while hasFailed, !Task.isCancelled {
                hasFailed = false
                for lack in hub.lacking() {
                    let limit = Int(3 * KlineSeries.maxCandlesPerWindow)
                    let selection = CandleSelection(
                        symbol: lack.instrument.key, interval: lack.base,
                        range: max(0, lack.from)..<QueryReader.lastUnixSecond + 1, edge: .oldest, limit: limit)
                    if let candles = try? await history.candles(selection) {
                        hub.fill(lack, candles)
                    } else {
                        // The store says itself why: until it is back nothing of this stream can be told.
                        hasFailed = true
                    }
                }
                if hasFailed { try? await Task.sleep(for: retryAfter) }
            }
        }
    }

    private func publishTickers() async {
        while !Task.isCancelled {
            let wanted = hub.tickersWanted()
            let quotes: [(Instrument, Quote)] = board.instruments.compactMap { info, quote, _ in
                guard let quote, wanted?.contains(info.instrument) ?? true else { return nil }
                return (info.instrument, quote)
            }
            if !quotes.isEmpty, let sums = try? await days.days(quotes.map(\.0)) {
                let tickers: [(Instrument, BinanceTicker)] = quotes.map { instrument, quote in
                    let quantity = trades.newest(instrument, limit: 1).last?.quantity ?? .zero
                    return (
                        instrument,
                        BinanceTicker(
                            instrument.key, quote, quantity, sums[instrument.key], days.span(instrument.venue))
                    )
                }
                hub.publish(tickers)
            }
            do { try await Task.sleep(for: tickerEvery) } catch { return }
        }
    }
}
