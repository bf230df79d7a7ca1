import MarketCore
import ServiceKit

/// The simulator's configuration, read once.
public struct SimulatorSettings: Sendable {
    static let host = Setting<String>.text(
        "SIMULATOR_HOST", help: "address to listen on", default: "127.0.0.1")
    static let port = Setting<Int>.port(
        "SIMULATOR_PORT", help: "port of streams and REST; 0 picks a free one and logs it", default: "9443")
    static let certificate = Setting<String>.text(
        "SIMULATOR_TLS_CERT", help: "PEM file of a certificate chain: speak TLS", default: nil)
    static let privateKey = Setting<String>.text(
        "SIMULATOR_TLS_KEY", help: "PEM file of the certificate's private key", default: nil)
    static let seed = Setting<Int>.integer(
        "SIMULATOR_SEED", in: 0...Int.max, help: "seed of the synthetic market", default: "1")
    static let rate = decimal(
        "SIMULATOR_RATE", 1...1_000_000_000, help: "trades a second of all symbols together, 0.001 to 1000000",
        default: "50")
    static let files = Setting<[String]>.list(
        "SIMULATOR_FILES",
        help: "files in Binance's public layouts to play instead, plain or gzip: BTCUSDT-trades-2024-01-01.csv",
        default: nil)
    static let speed = decimal(
        "SIMULATOR_SPEED", 0...1_000_000, help: "speed of a recording, 0.001 to 1000; 0 as fast as a client reads",
        default: "1")
    static let retime = Setting<Bool>.flag(
        "SIMULATOR_RETIME", help: "move a recording's times so that its last trade falls on the instant it is played")
    static let loop = Setting<Bool>.flag(
        "SIMULATOR_LOOP", help: "play a recording on and on, ids and times going on over the rounds")
    static let start = Setting<String>(
        "SIMULATOR_START",
        help: "when a recording begins: clock (with the simulator) or subscription (with the first one)", default: nil
    ) { text throws(SettingProblem) in
        guard Playback.Start(rawValue: text) != nil else { throw SettingProblem("clock or subscription") }
        return text
    }
    static let delay = Setting<Duration>.duration(
        "SIMULATOR_DELAY", in: .zero ... .seconds(60), help: "how much later than its own time a trade is sent",
        default: "20ms")
    static let maxLag = Setting<Duration>.duration(
        "SIMULATOR_MAX_LAG", in: .milliseconds(100) ... .seconds(3_600),
        help: "a client that is behind by more is closed", default: "10s")
    static let weightLimit = Setting<Int>.integer(
        "SIMULATOR_WEIGHT_LIMIT", in: 0...1_000_000_000,
        help: "REST request weight a minute for each address; 0 for no limit", default: "6000")

    static let faults = Setting<[String]>.list(
        "SIMULATOR_FAULTS",
        help: "what goes wrong, by chance, one after the other (comma-separated): \(Fault.grammar)", default: nil)
    static let faultEvery = Setting<Duration>.duration(
        "SIMULATOR_FAULT_EVERY", in: .milliseconds(100) ... .seconds(86_400),
        help: "the mean pause between two of them", default: "5s")
    static let faultSeed = Setting<Int>.integer(
        "SIMULATOR_FAULT_SEED", in: 0...Int.max, help: "decides which strikes when", default: "1")
    static let faultScript = Setting<String>.text(
        "SIMULATOR_FAULT_SCRIPT",
        help: "a file of faults instead, a line each: 1500ms stall 5s (time since the start)",
        default: nil)

    /// All of them, for `--help`.
    public static let all: [any AnySetting] = [
        SharedSettings.symbols, host, port, certificate, privateKey, seed, rate, files, speed, retime, loop, start,
        delay, maxLag, weightLimit, faults, faultEvery, faultSeed, faultScript,
    ]

    let symbols: [String]
    let host: String
    let port: Int
    /// Paths of the chain and of the key.
    let tls: (certificate: String, key: String)?
    let seed: UInt64
    let rateMilli: Int64
    let files: [String]
    let playback: Playback
    let delay: Duration
    let maxLag: Duration
    let weightLimit: Int
    let faults: [Fault]
    let faultEvery: Duration
    let faultSeed: UInt64
    let faultScript: String?

    /// - Throws: `SettingsError`, also where values do not go together.
    public init(_ settings: Settings) throws(SettingsError) {
        let instruments = try settings.value(SharedSettings.symbols)
        if let other = instruments.first(where: { $0.venue != Instrument.defaultVenue }) {
            throw .unusable(
                SharedSettings.symbols, text: other.key,
                SettingProblem("instruments of Binance, written without a venue (BTCUSDT)"))
        }
        symbols = instruments.map(\.symbol)
        host = try settings.value(Self.host)
        port = try settings.value(Self.port)
        seed = UInt64(try settings.value(Self.seed))
        rateMilli = try settings.value(Self.rate)
        files = try settings.optionalValue(Self.files) ?? []
        delay = try settings.value(Self.delay)
        maxLag = try settings.value(Self.maxLag)
        weightLimit = try settings.value(Self.weightLimit)
        var faults: [Fault] = []
        for text in try settings.optionalValue(Self.faults) ?? [] {
            do throws(SettingProblem) {
                faults.append(try Fault(text))
            } catch {
                throw .unusable(Self.faults, text: text, error)
            }
        }
        self.faults = faults
        faultEvery = try settings.value(Self.faultEvery)
        faultSeed = UInt64(try settings.value(Self.faultSeed))
        faultScript = try settings.optionalValue(Self.faultScript)
        tls = try Self.tls(settings)
        playback = try Self.playback(settings)
    }

    private static func tls(_ settings: Settings) throws(SettingsError) -> (certificate: String, key: String)? {
        let certificate = try settings.optionalValue(Self.certificate)
        let key = try settings.optionalValue(Self.privateKey)
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return (certificate, key)
        case (let certificate?, nil):
            throw .unusable(Self.certificate, text: certificate, SettingProblem("SIMULATOR_TLS_KEY beside it"))
        case (nil, let key?):
            throw .unusable(Self.privateKey, text: key, SettingProblem("SIMULATOR_TLS_CERT beside it"))
        }
    }

    private static func playback(_ settings: Settings) throws(SettingsError) -> Playback {
        var playback = Playback()
        playback.speedMilli = try settings.value(Self.speed)
        playback.retimes = try settings.value(Self.retime)
        playback.loops = try settings.value(Self.loop)
        let start = try settings.optionalValue(Self.start).flatMap(Playback.Start.init)
        playback.start = start ?? (playback.speedMilli == 0 ? .subscription : .clock)
        if playback.loops {
            // A loop's times are those at which it is played: nothing else goes on for ever beside the clock.
            guard playback.speedMilli > 0 else {
                throw .unusable(Self.speed, text: "0", SettingProblem("a speed above 0 with SIMULATOR_LOOP"))
            }
            guard playback.retimes || playback.speedMilli == 1_000 else {
                throw .unusable(
                    Self.loop, text: "true", SettingProblem("SIMULATOR_RETIME beside it when the speed is not 1"))
            }
        }
        return playback
    }

    /// A number with up to three decimals, in thousandths.
    private static func decimal(
        _ key: String, _ milli: ClosedRange<Int64>, help: String, default text: String
    ) -> Setting<Int64> {
        Setting(key, help: help, default: text) { text throws(SettingProblem) in
            guard let value = Price(text), value.raw % 100_000 == 0, milli.contains(value.raw / 100_000) else {
                throw SettingProblem(
                    "a number from \(SyntheticTape.text(ofMilli: milli.lowerBound)) to "
                        + "\(SyntheticTape.text(ofMilli: milli.upperBound)) with at most 3 decimals")
            }
            return value.raw / 100_000
        }
    }
}
