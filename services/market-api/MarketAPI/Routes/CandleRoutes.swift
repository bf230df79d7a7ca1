import HTTPTypes
import Hummingbird
import MarketCore
import MarketWire

/// Candles: stored, open, and the last closed one.
struct CandleRoutes: Sendable {
    /// How long after the end of a window trades of it may still come, before it counts as one without trades.
    static let lateMicros: Int64 = 15_000_000

    let configuration: APIConfiguration
    let board: LiveBoard
    let live: LiveGate
    let history: any CandleRepository
    private let answers = SingleFlight<CandleAnswer.Question, CandleAnswer>()

    init(configuration: APIConfiguration, board: LiveBoard, live: LiveGate, history: any CandleRepository) {
        self.configuration = configuration
        self.board = board
        self.live = live
        self.history = history
    }

    func add(to router: Router<APIRequestContext>) {
        router.get("candles") { request, _ in try await candles(request) }
        router.get("candles/last") { request, _ in try await lastCandle(request) }
        router.get("current-candle") { request, _ in try currentCandle(request) }
    }

    private func currentCandle(_ request: Request) throws(Problem) -> Response {
        let query = try QueryReader(request, known: ["symbol", "interval"])
        let instrument = try query.instrument("symbol", default: configuration.defaultInstrument)
        let interval = try query.interval(
            "interval", among: configuration.intervals, default: configuration.defaultInterval)
        try live.require(instrument)
        if let candle = board.openCandle(instrument, interval) { return .json(bytes: candle.encoded()) }
        guard board.quote(instrument) != nil else { throw LiveGate.missingTrade(instrument) }
        throw Problem(
            .noOpenCandle,
            "\(instrument.key) has not traded since its last \(interval) window closed: "
                + "/candles?symbol=\(instrument.key)&interval=\(interval)&limit=1 has that one.")
    }

    private func candles(_ request: Request) async throws(Problem) -> Response {
        let asked = try CandleRequest(
            request, default: configuration.defaultInstrument, intervals: configuration.intervals,
            interval: configuration.defaultInterval)
        guard board.isKnown(asked.instrument) else { throw Problem.notFollowed(asked.instrument) }
        let open = asked.dependsOnOpen ? board.openCandle(asked.instrument, asked.interval) : nil
        let question = CandleAnswer.Question(
            asked: asked, open: open, filledTo: asked.fill == .none ? nil : filledTo(asked))
        let answer: CandleAnswer
        do throws(HistoryError) {
            let history = history
            answer = try await answers.value(of: question) { () async throws(HistoryError) in
                try await CandleAnswer.read(question, from: history)
            }
        } catch {
            throw Problem(error)
        }
        var headers: HTTPFields = [:]
        if let next = answer.nextQuery, let link = HTTPField.Name("Link") {
            headers[link] = Self.nextLink(request, next)
        }
        guard let tag = answer.tag else {
            headers[.contentType] = asked.format.mediaType
            headers[.cacheControl] = "no-store"
            return Response(status: .ok, headers: headers, body: .init(byteBuffer: answer.body))
        }
        return .revalidated(request, answer.body, tag: tag, contentType: asked.format.mediaType, headers: headers)
    }

    /// Windows that began before it have ended for good, by the time of their market and not by the clock: a replay of
    /// 2020 is not filled up to today.
    private func filledTo(_ asked: CandleRequest) -> Int64? {
        guard let micros = board.marketTimeMicros(of: asked.instrument.venue) else { return nil }
        return asked.interval.windowStart(ofTimeMicros: micros - Self.lateMicros)
    }

    /// The same request with the cursor of the next page (RFC 8288).
    private static func nextLink(_ request: Request, _ cursor: String) -> String {
        let kept = (request.uri.query ?? "").split(separator: "&").filter { !$0.hasPrefix("cursor=") }
        return "<\(request.uri.path)?\((kept + [cursor[...]]).joined(separator: "&"))>; rel=\"next\""
    }

    /// From memory, and from the store until one has been asked for.
    private func lastCandle(_ request: Request) async throws(Problem) -> Response {
        let query = try QueryReader(request, known: ["symbol", "interval"])
        let instrument = try query.instrument("symbol", default: configuration.defaultInstrument)
        let interval = try query.interval(
            "interval", among: configuration.intervals, default: configuration.defaultInterval)
        guard board.isKnown(instrument) else { throw Problem.notFollowed(instrument) }
        if let candle = board.lastClosed(instrument, interval) { return .json(bytes: candle.encoded()) }
        let stored: CandleRecord?
        do {
            stored = try await history.candles(
                CandleSelection(
                    symbol: instrument.key, interval: interval, range: 0..<QueryReader.lastUnixSecond + 1,
                    edge: .newest, limit: 1)
            ).last
        } catch {
            throw Problem(error)
        }
        guard let stored else {
            throw Problem(
                .noClosedCandle, "No \(interval) window of \(instrument.key) has closed yet. Try again in a while.")
        }
        board.takeNewestClosed(stored, of: instrument)
        return .json(bytes: (board.lastClosed(instrument, interval) ?? stored).encoded())
    }
}
