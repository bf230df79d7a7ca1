#if canImport(Glibc)
import Glibc
#endif

/// Statistics for people.
enum NumberText {
    /// With so many decimal places, rounded.
    static func fixed(_ value: Double, _ places: Int) -> String {
        let scale = pow(10, Double(places))
        guard value.isFinite, abs(value) * scale < 9e15 else { return value.isFinite ? "\(value)" : "-" }
        let whole = Int64((abs(value) * scale).rounded())
        let unit = Int64(scale)
        let sign = value < 0 && whole > 0 ? "-" : ""
        guard places > 0 else { return "\(sign)\(whole)" }
        let fraction = String(whole % unit)
        return "\(sign)\(whole / unit)." + String(repeating: "0", count: places - fraction.count) + fraction
    }

    /// `12.34 %`
    static func percent(_ share: Double, _ places: Int = 2) -> String { fixed(share * 100, places) + " %" }

    /// `+0.12 %`
    static func change(_ share: Double, _ places: Int = 3) -> String {
        let text = percent(share, places)
        return share > 0 ? "+" + text : text
    }

    /// As many places as steps of this size need.
    static func places(forStep step: Double) -> Int {
        step > 0 && step.isFinite ? min(8, max(0, Int(-floor(log10(step))))) : 0
    }
}
