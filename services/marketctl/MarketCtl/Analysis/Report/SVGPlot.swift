#if canImport(Glibc)
import Glibc
#endif

/// One plot as SVG within a page: a frame with two axes, into which marks are drawn. Colours are the page's.
struct SVGPlot {
    /// What can be read instead of looking.
    let title: String
    let description: String
    let id: String
    let xRange: ClosedRange<Double>
    let yRange: ClosedRange<Double>
    let height: Double
    private var marks: [String] = []

    static let width = 860.0
    private static let left = 84.0
    private static let right = 12.0
    private static let top = 16.0
    private static let bottom = 26.0

    init(
        id: String, title: String, description: String, x: ClosedRange<Double>, y: ClosedRange<Double>,
        height: Double = 260
    ) {
        self.id = id
        self.title = title
        self.description = description
        self.height = height
        xRange = Self.widened(x)
        yRange = Self.widened(y)
    }

    /// A range of one value has no scale.
    private static func widened(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
        guard range.lowerBound == range.upperBound else { return range }
        let half = max(abs(range.lowerBound) * 0.01, 1e-9)
        return range.lowerBound - half...range.upperBound + half
    }

    func x(_ value: Double) -> Double {
        let share = (value - xRange.lowerBound) / (xRange.upperBound - xRange.lowerBound)
        return Self.left + share * (Self.width - Self.left - Self.right)
    }

    func y(_ value: Double) -> Double {
        let share = (value - yRange.lowerBound) / (yRange.upperBound - yRange.lowerBound)
        return height - Self.bottom - share * (height - Self.top - Self.bottom)
    }

    mutating func line(_ points: [(x: Double, y: Double)], _ style: String) {
        let path = points.map { "\(place(x($0.x))),\(place(y($0.y)))" }.joined(separator: " ")
        marks.append("<polyline class=\"\(style)\" points=\"\(path)\"/>")
    }

    /// The area between the points and a level.
    mutating func area(_ points: [(x: Double, y: Double)], from level: Double, _ style: String) {
        guard let first = points.first, let last = points.last else { return }
        let outline = [(first.x, level)] + points.map { ($0.x, $0.y) } + [(last.x, level)]
        let path = outline.map { "\(place(x($0.0))),\(place(y($0.1)))" }.joined(separator: " ")
        marks.append("<polygon class=\"\(style)\" points=\"\(path)\"/>")
    }

    mutating func bar(_ x: ClosedRange<Double>, _ y: ClosedRange<Double>, _ style: String) {
        let (left, right) = (self.x(x.lowerBound), self.x(x.upperBound))
        let (top, bottom) = (self.y(y.upperBound), self.y(y.lowerBound))
        marks.append(
            "<rect class=\"\(style)\" x=\"\(place(left))\" y=\"\(place(top))\" "
                + "width=\"\(place(max(0.3, right - left)))\" height=\"\(place(max(0, bottom - top)))\"/>")
    }

    mutating func verticals(_ lines: [(x: Double, low: Double, high: Double)], _ style: String) {
        let path = lines.map { "M\(place(x($0.x))) \(place(y($0.low)))V\(place(y($0.high)))" }.joined()
        marks.append("<path class=\"\(style)\" d=\"\(path)\"/>")
    }

    /// The plot with its axes.
    ///
    /// - Parameters:
    ///   - xLabels: where on the horizontal axis what is written.
    ///   - yLabels: likewise on the vertical one.
    func text(xLabels: [(Double, String)], yLabels: [(Double, String)]) -> String {
        let (bottom, right) = (height - Self.bottom, Self.width - Self.right)
        var axes = ""
        for (value, label) in yLabels where yRange.contains(value) {
            let at = place(y(value))
            axes += "<line class=\"grid\" x1=\"\(place(Self.left))\" x2=\"\(place(right))\" y1=\"\(at)\" y2=\"\(at)\"/>"
            axes +=
                "<text class=\"label\" x=\"\(place(Self.left - 6))\" y=\"\(place(y(value) + 4))\" "
                + "text-anchor=\"end\">\(label.escapedForHTML)</text>"
        }
        for (value, label) in xLabels where xRange.contains(value) {
            let at = x(value)
            let anchor = at > right - 50 ? "end" : at < Self.left + 50 ? "start" : "middle"
            axes +=
                "<line class=\"grid\" x1=\"\(place(at))\" x2=\"\(place(at))\" y1=\"\(place(bottom))\" "
                + "y2=\"\(place(bottom + 4))\"/>"
            axes +=
                "<text class=\"label\" x=\"\(place(at))\" y=\"\(place(bottom + 18))\" text-anchor=\"\(anchor)\">"
                + "\(label.escapedForHTML)</text>"
        }
        return """
            <svg role="img" aria-labelledby="\(id)-title \(id)-text"
            viewBox="0 0 \(place(Self.width)) \(place(height))">
            <title id="\(id)-title">\(title.escapedForHTML)</title>
            <desc id="\(id)-text">\(description.escapedForHTML)</desc>
            \(axes)
            \(marks.joined(separator: "\n"))
            </svg>
            """
    }

    /// A tenth of a pixel is fine enough.
    private func place(_ value: Double) -> String { NumberText.fixed(value, 1) }

    /// Round values within a range, about so many.
    static func ticks(_ range: ClosedRange<Double>, count: Int) -> (values: [Double], step: Double) {
        let span = range.upperBound - range.lowerBound
        guard span > 0, span.isFinite else { return ([range.lowerBound], 0) }
        let rough = span / Double(max(1, count))
        let power = pow(10, floor(log10(rough)))
        let step = ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10) * power
        let first = (range.lowerBound / step).rounded(.up)
        let last = (range.upperBound / step).rounded(.down)
        guard last >= first else { return ([], step) }
        return (stride(from: first, through: last, by: 1).map { $0 * step }, step)
    }
}
