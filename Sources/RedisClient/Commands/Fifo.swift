/// First in, first out, in constant time.
struct Fifo<Element> {
    private var elements: [Element?] = []
    private var head = 0

    var count: Int { elements.count - head }
    var isEmpty: Bool { count == 0 }
    var first: Element? { isEmpty ? nil : elements[head] }

    /// The element so many places behind the first; nil beyond the last.
    subscript(offset: Int) -> Element? { offset < count ? elements[head + offset] : nil }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func removeFirst() -> Element? {
        guard !isEmpty else { return nil }
        defer {
            elements[head] = nil
            head += 1
            if head >= 64, head * 2 >= elements.count {
                elements.removeFirst(head)
                head = 0
            }
        }
        return elements[head]
    }

    /// Changes the first element in place, when there is one.
    mutating func updateFirst(_ change: (inout Element) -> Void) {
        guard !isEmpty, var element = elements[head] else { return }
        // Taken out, so that what it holds is not copied by the change.
        elements[head] = nil
        change(&element)
        elements[head] = element
    }

    mutating func removeAll() {
        elements = []
        head = 0
    }
}
