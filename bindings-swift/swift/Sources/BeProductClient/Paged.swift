import Foundation

/// The records of a list, page by page as they are taken.
///
///     for try await style in client.style.list() { ... }
///     let all = try await client.style.list().collect()
///
/// Nothing is sent before the first record is asked for. The next page is fetched when half of the first is taken, and for
/// each page that is taken one more is fetched ahead, up to ``Configuration/concurrency``: stopping in page `p`, from 1,
/// has cost at most `p + min(p, concurrency)` requests. Each iteration begins anew.
///
/// Iterating throws a ``BeProductError`` when a page cannot be had, of kind `config` before anything is sent when an
/// argument or an option is wrong, and of kind `incomplete` after the records that came when the list ends before its
/// total. After one of kind `decode` an iterator that is asked again gives the same page, so that none is left out.
public struct Paged<Element: Sendable>: AsyncSequence, Sendable {
    private let open: @Sendable () throws -> Pager<Element>

    init(open: @escaping @Sendable () throws -> Pager<Element>) {
        self.open = open
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(source: PageSource(open: open))
    }

    /// All records, several pages at a time: the fastest way to get a whole list.
    ///
    /// - Throws: ``BeProductError`` when a page cannot be had.
    public func collect() async throws -> [Element] {
        try await open().collect()
    }

    /// Page by page, with the answer that each came in. While one is at work, the next is fetched.
    public var pages: Pages<Element> { Pages(open: open) }

    /// The records as a stream, for interfaces that ask for this type.
    public var stream: AsyncThrowingStream<Element, any Error> {
        let source = StreamSource(iterator: makeAsyncIterator())
        return AsyncThrowingStream { try await source.next() }
    }

    /// Records on demand: a stream that is filled from a task would fetch pages that nobody takes.
    private actor StreamSource {
        private var iterator: Iterator

        init(iterator: Iterator) {
            self.iterator = iterator
        }

        func next() async throws -> Element? {
            var iterator = self.iterator
            defer { self.iterator = iterator }
            return try await iterator.next()
        }
    }

    /// The records on their way.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        private var source: PageSource<Element>
        private var records: IndexingIterator<[Element]> = [].makeIterator()

        fileprivate init(source: PageSource<Element>) {
            self.source = source
        }

        /// How far the list was read, also after its end or an error: a list with ``CallOptions/fromPage`` goes on there.
        /// Nil before the first record.
        public var position: Position? { source.position }

        public mutating func next() async throws -> Element? {
            while true {
                if let record = records.next() {
                    source.consumed(1)
                    return record
                }
                guard let page = try await source.next() else { return nil }
                records = page.records.makeIterator()
            }
        }
    }
}

/// How far a list was read.
public struct Position: Hashable, Sendable, Decodable {
    /// The first page whose records were not all taken: a list with this ``CallOptions/fromPage`` goes on there.
    public let page: Int
    /// Records that were taken.
    public let records: Int
    /// Records of the whole list, where the service says it.
    public let total: Int?

    /// Makes a position, for tests. Each parameter is the property of its name.
    public init(page: Int, records: Int, total: Int? = nil) {
        self.page = page
        self.records = records
        self.total = total
    }

    init(text: String) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(text.utf8))
    }
}

/// One page of a list.
public struct Page<Element: Sendable>: Sendable {
    /// Records that no earlier page held.
    public let records: [Element]
    /// Records of the whole list, where the service says it.
    public let total: Int?
    /// How the page came about.
    public let meta: Meta
    /// The unchanged body of the service's answer.
    public let raw: Data

    /// Makes a page, for tests. Each parameter is the property of its name.
    public init(records: [Element], total: Int? = nil, meta: Meta = Meta(), raw: Data = Data()) {
        self.records = records
        self.total = total
        self.meta = meta
        self.raw = raw
    }
}

/// The pages of a list. See ``Paged/pages``.
public struct Pages<Item: Sendable>: AsyncSequence, Sendable {
    fileprivate let open: @Sendable () throws -> Pager<Item>

    public func makeAsyncIterator() -> Iterator {
        Iterator(source: PageSource(open: open))
    }

    /// The pages on their way.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        fileprivate var source: PageSource<Item>

        /// How far the list was read, also after its end or an error. Nil before the first page.
        public var position: Position? { source.position }

        public mutating func next() async throws -> Page<Item>? {
            let page = try await source.next()
            source.consumed(page?.records.count ?? 0)
            return page
        }
    }
}

/// The pages of one iteration, which ends with its last page or its first error. A page that cannot be read is no end: it
/// comes again.
private struct PageSource<Item: Sendable>: Sendable {
    private let open: @Sendable () throws -> Pager<Item>
    /// Kept after the end, for the position.
    private var pager: Pager<Item>?
    private var hasEnded = false

    init(open: @escaping @Sendable () throws -> Pager<Item>) {
        self.open = open
    }

    mutating func next() async throws -> Page<Item>? {
        if hasEnded { return nil }
        hasEnded = true
        let pager = try self.pager ?? open()
        self.pager = pager
        do {
            let page = try await pager.next()
            hasEnded = page == nil
            return page
        } catch let error as BeProductError where error.kind == .decode {
            hasEnded = false
            throw error
        }
    }

    func consumed(_ count: Int) {
        pager?.consumed(count)
    }

    var position: Position? {
        try? pager?.position()
    }
}
