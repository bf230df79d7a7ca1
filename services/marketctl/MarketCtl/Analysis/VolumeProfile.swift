#if canImport(Glibc)
import Glibc
#endif

/// How much was traded at which price. A candle tells the range of its prices alone, so its volume is spread evenly
/// over that: shorter candles give a sharper profile.
struct VolumeProfile: Sendable {
    struct Step: Sendable {
        let low: Double
        let high: Double
        var volume: Double
    }

    /// From the lowest price to the highest, of equal height.
    let steps: [Step]
    /// The step with the most volume; of several the lowest.
    let pointOfControl: Int
    /// The steps around it that hold 70 % of the volume.
    let valueArea: ClosedRange<Int>

    static let valueAreaShare = 0.7

    /// - Parameter candles: at least one.
    init(_ candles: [AnalyzedCandle], steps count: Int) {
        let low = candles.map(\.low).min()?.approximate ?? 0
        let high = candles.map(\.high).max()?.approximate ?? 0
        guard high > low else {
            let volume = candles.reduce(0) { $0 + $1.volume.approximate }
            steps = [Step(low: low, high: high, volume: volume)]
            (pointOfControl, valueArea) = (0, 0...0)
            return
        }
        let height = (high - low) / Double(count)
        var volumes = [Double](repeating: 0, count: count)
        func step(of price: Double) -> Int { min(count - 1, max(0, Int((price - low) / height))) }
        for candle in candles {
            let (bottom, top) = (candle.low.approximate, candle.high.approximate)
            let volume = candle.volume.approximate
            guard top > bottom else {
                volumes[step(of: bottom)] += volume
                continue
            }
            for index in step(of: bottom)...step(of: top) {
                let from = max(bottom, low + Double(index) * height)
                let to = index == count - 1 ? top : min(top, low + Double(index + 1) * height)
                volumes[index] += volume * max(0, to - from) / (top - bottom)
            }
        }
        steps = volumes.enumerated().map { index, volume in
            Step(low: low + Double(index) * height, high: low + Double(index + 1) * height, volume: volume)
        }
        let most = volumes.max() ?? 0
        pointOfControl = volumes.firstIndex(of: most) ?? 0
        valueArea = Self.valueArea(volumes, around: pointOfControl)
    }

    /// From the point of control the two steps above are weighed against the two below, and the heavier pair is taken
    /// in, until 70 % is reached (J. F. Dalton, E. T. Jones, R. B. Dalton, "Mind over Markets", 1990, appendix 1:
    /// value-area calculation). At an edge what is left counts; of equal pairs the upper is taken.
    static func valueArea(_ volumes: [Double], around start: Int) -> ClosedRange<Int> {
        let wanted = volumes.reduce(0, +) * valueAreaShare
        var (low, high) = (start, start)
        var held = volumes[start]
        while held < wanted, low > 0 || high < volumes.count - 1 {
            let above = volumes[(high + 1)...].prefix(2)
            let below = volumes[..<low].suffix(2)
            let takesAbove = below.isEmpty || !above.isEmpty && above.reduce(0, +) >= below.reduce(0, +)
            if takesAbove { high += above.count } else { low -= below.count }
            held += (takesAbove ? above : below).reduce(0, +)
        }
        return low...high
    }
}
