import WebSockets

/// Decides which requests become WebSocket sessions. All others go to the router, which says why.
struct WebSocketUpgrades: Sendable {
    private static let loggedPathLength = 128

    let parts: APIParts
    let reads: APIReads
    let gate: ClientGate
    let requests: RequestGate
    let hub: StreamHub
    private let metrics = FeedMetrics()

    init(parts: APIParts, reads: APIReads, gate: ClientGate, requests: RequestGate, hub: StreamHub) {
        self.parts = parts
        self.reads = reads
        self.gate = gate
        self.requests = requests
        self.hub = hub
    }

    func decide(_ request: WebSocketUpgradeRequest) -> WebSocketUpgradeDecision {
        // What is refused here is refused by the router's middleware once more, with the words for it.
        guard gate.hasRoom, requests.allowsOrigin(request.head), let handler = handler(request) else {
            return .dontUpgrade
        }
        let remote = requests.addresses.address(peer: request.remoteAddress?.ipAddress, request.head.headerFields)
        if let verdict = requests.count(request.head.headerFields, from: remote), !verdict.isAllowed {
            return .dontUpgrade
        }
        let path = String(request.path.prefix(Self.loggedPathLength))
        return .upgrade { [gate] session in
            try await gate.admit(session, path: path, remote: remote ?? "-", handler)
        }
    }

    private func handler(_ request: WebSocketUpgradeRequest) -> WebSocketHandler? {
        let configuration = parts.configuration
        if let address = StreamSession.address(request) {
            let streams = StreamSession(
                hub: hub, board: parts.board, limits: configuration.streamLimits, metrics: metrics, time: parts.time)
            return { session in try await streams.run(session, address) }
        }
        guard request.query.isEmpty else { return nil }
        switch request.path {
        case "/feed":
            return FeedSession(
                board: parts.board, limits: configuration.feedLimits, intervals: configuration.intervals,
                metrics: metrics
            ).run
        case "/ws/price":
            return PriceSession(board: parts.board, limits: configuration.feedLimits, metrics: metrics).run
        default:
            guard let symbol = CryptoSession.symbol(inPath: request.path),
                let instrument = try? PathText.instrument(symbol), parts.board.isFollowed(instrument)
            else { return nil }
            return CryptoSession(
                instrument: instrument, board: parts.board, trades: parts.trades, saved: reads.saved,
                limits: configuration.feedLimits, metrics: metrics, time: parts.time
            ).run
        }
    }
}
