import Hummingbird
import MarketCore
import MarketWire

/// What is to be followed, changed by those who have the token.
struct SubscriptionRoutes: Sendable {
    static let paths = ["/symbol/{symbol}/subscribe", "/symbol/{symbol}/unsubscribe"]

    let authorization: Authorization
    let desk: SubscriptionDesk

    func add(to router: Router<APIRequestContext>) {
        router.post("symbol/:symbol/subscribe") { request, context in
            try authorization.require(request)
            let (instrument, interval) = try Self.read(request, context)
            return Self.answer(try await desk.subscribe(instrument, interval: interval))
        }
        router.post("symbol/:symbol/unsubscribe") { request, context in
            try authorization.require(request)
            let (instrument, interval) = try Self.read(request, context)
            return Self.answer(try await desk.unsubscribe(instrument, interval: interval))
        }
    }

    private static func read(
        _ request: Request, _ context: APIRequestContext
    ) throws(Problem) -> (Instrument, String?) {
        let interval = try IntervalLabel.read(try QueryReader(request, known: ["interval"]))
        return (try PathText.instrument(context), interval)
    }

    private static func answer(_ record: SubscriptionRecord) -> Response {
        .json { writer in
            writer.beginObject()
            writer.field("symbol", record.symbol)
            writer.field("followed", record.isFollowed)
            writer.key("interval")
            if let interval = record.interval { writer.string(interval) } else { writer.null() }
            writer.field("updated_time_us", record.updatedTimeMicros)
            writer.field(
                "message",
                record.isFollowed ? "Subscribed to \(record.symbol)" : "Unsubscribed from \(record.symbol)")
            writer.endObject()
        }
    }
}
