import ServiceKit

/// What routes and WebSocket sessions read with, made once for all of them so that they share reads in flight.
struct APIReads: Sendable {
    let live: LiveGate
    let history: SharedHistory
    let days: DaySummaries
    let saved: SavedPrices

    init(_ parts: APIParts) {
        let configuration = parts.configuration
        live = LiveGate(configuration: configuration, board: parts.board, time: parts.time)
        history = SharedHistory(parts.history)
        days = DaySummaries(
            board: parts.board, history: history, intervals: configuration.intervals, time: parts.time)
        saved = SavedPrices(
            history: history, everySeconds: configuration.dataSaveSeconds, intervals: configuration.intervals)
    }
}
