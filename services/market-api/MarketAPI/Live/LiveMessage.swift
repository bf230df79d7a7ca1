import MarketCore
import MarketWire

/// What changed of one instrument: a message of the channel `live`.
struct LiveMessage: Sendable {
    let instrument: Instrument
    let update: LiveUpdateRecord
}
