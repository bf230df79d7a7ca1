import Exchanges
import KafkaClient
import Logging
import MarketCore
import MarketWire
import ServiceKit

/// Changes what producers follow, by a record on `market.subscriptions`.
struct SubscriptionDesk: Sendable {
    /// By the venue's name.
    let catalogs: [String: any VenueCatalog]
    let kafka: KafkaConfiguration
    let topic: String
    let board: LiveBoard
    let time: TimeSource
    let logger: Logger

    private static let ackMillis = 5_000

    /// Follows an instrument that its venue has.
    ///
    /// - Throws: ``Problem``, with the venue's words where it does not know the instrument.
    func subscribe(_ instrument: Instrument, interval: String?) async throws(Problem) -> SubscriptionRecord {
        board.take([InstrumentInfo(try await metadata(of: instrument), instrument)])
        return try await decide(instrument, isFollowed: true, interval: interval)
    }

    /// - Throws: ``Problem``.
    func unsubscribe(_ instrument: Instrument, interval: String?) async throws(Problem) -> SubscriptionRecord {
        guard board.isKnown(instrument) else {
            throw Problem(
                .symbolNotFollowed, "\(instrument.key) is not followed: /symbols lists those that are.",
                parameter: "symbol")
        }
        return try await decide(instrument, isFollowed: false, interval: interval)
    }

    func close() async { for catalog in catalogs.values { await catalog.close() } }

    private func metadata(of instrument: Instrument) async throws(Problem) -> InstrumentRecord {
        guard let catalog = catalogs[instrument.venue] else {
            let known = catalogs.keys.sorted().joined(separator: ", ")
            throw Problem(
                .unknownSymbol, "'\(instrument.venue)' is no venue that can be followed; those are \(known).",
                parameter: "symbol")
        }
        do {
            let records = try await catalog.metadata(of: [instrument])
            if let record = records.first(where: { $0.symbol == instrument.key }) { return record }
            throw unknown(instrument, "it is not in the venue's list")
        } catch let problem as Problem {
            throw problem
        } catch let refusal as BinanceErrorBody {
            throw unknown(instrument, "\(refusal)")
        } catch let error as VenueError where error.code == .refused {
            throw unknown(instrument, "\(error)")
        } catch {
            throw Problem(
                .venueUnavailable,
                "Whether \(instrument.venue) has \(instrument.symbol) cannot be asked now: \(error). Try again in a "
                    + "moment.", retryAfterSeconds: 5)
        }
    }

    private func unknown(_ instrument: Instrument, _ words: String) -> Problem {
        Problem(
            .unknownSymbol, "\(instrument.venue) does not know \(instrument.symbol): \(words)", parameter: "symbol")
    }

    private func decide(
        _ instrument: Instrument, isFollowed: Bool, interval: String?
    ) async throws(Problem) -> SubscriptionRecord {
        let record = SubscriptionRecord(
            symbol: instrument.key, isFollowed: isFollowed,
            // A later word has a later time, whatever the clocks of several servers say.
            updatedTimeMicros: max(time.wallMicros, (board.subscription(instrument)?.updatedTimeMicros ?? 0) + 1),
            interval: interval)
        do {
            try await SingleRecord.deliver(
                kafka, topic: topic, key: record.symbol, value: record.encoded(), timeoutMillis: Self.ackMillis)
        } catch {
            logger.warning("a subscription cannot be written", metadata: ["error": "\(error)"])
            throw Problem(
                .logUnavailable,
                "Kafka did not take it, so nothing has changed that is certain. Try again in a moment.",
                retryAfterSeconds: 5)
        }
        board.take(record, of: instrument)
        logger.notice(
            isFollowed ? "subscribed" : "unsubscribed",
            metadata: ["symbol": "\(instrument.key)", "interval": "\(interval ?? "-")"])
        return record
    }
}

extension InstrumentInfo {
    fileprivate init(_ record: InstrumentRecord, _ instrument: Instrument) {
        self.init(
            instrument: instrument, base: record.base, quote: record.quote, tickSize: record.tickSize,
            lotStep: record.lotStep, status: record.status.rawValue)
    }
}
