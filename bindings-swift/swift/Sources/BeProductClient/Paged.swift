import Foundation

/// The records of a list, page by page as they are consumed.
///
///     for try await style in client.style.list() { ... }
///     let all = try await client.style.list().collect()
///
/// Nothing is sent before the first record is requested. The next page is fetched when half of the first is consumed,
/// and for each consumed page one more is fetched ahead, up to ``Configuration/concurrency``: stopping in page `p`,
/// from 1, has cost at most `p + min(p, concurrency)` requests. Each iteration starts again.
///
/// Iterating throws a ``BeProductError`` when a page cannot be fetched: of kind ``ErrorKind/config`` before anything is
/// sent when an argument or an option is invalid, and ``ErrorKind/incomplete`` after the received records when the list
/// ends before its total. After ``ErrorKind/decode`` an iterator returns the same page again, so that none is left out.
public struct Paged<Element: Sendable>: AsyncSequence, Sendable {
    /// Page by page, with the answer of each. While one is processed, the next is fetched.
    public let pages: Pages<Element>

    init(open: @escaping @Sendable () throws -> Pager<Element>) {
        pages = Pages(open: open)
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(pages: pages.makeAsyncIterator())
    }

    /// All records, several pages at a time: the fastest way to get a whole list.
    ///
    /// - Throws: ``BeProductError`` when a page cannot be fetched.
    public func collect() async throws -> [Element] {
        let pager = try pages.open()
        var records: [Element] = []
        while let page = try await pager.next(all: true) {
            records += page.records
        }
        return records
    }

    /// The records as a stream, for interfaces that need this type.
    public var stream: AsyncThrowingStream<Element, any Error> {
        let source = StreamSource(iterator: makeAsyncIterator())
        return AsyncThrowingStream { try await source.next() }
    }

    /// Records on demand: a stream that a task fills would fetch pages that nobody consumes.
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

    /// The records of one iteration.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        fileprivate var pages: Pages<Element>.Iterator
        private var records: IndexingIterator<[Element]> = [].makeIterator()

        fileprivate init(pages: Pages<Element>.Iterator) {
            self.pages = pages
        }

        /// How far the list was read, also after its end or an error: a list with ``CallOptions/fromPage`` continues
        /// there. Nil before the first record.
        public var position: Position? { pages.position }

        public mutating func next() async throws -> Element? {
            while true {
                if let record = records.next() {
                    pages.pager?.consumed(1)
                    return record
                }
                guard let page = try await pages.fetch() else { return nil }
                records = page.records.makeIterator()
            }
        }
    }
}

/// The pages of a list. See ``Paged/pages``.
public struct Pages<Item: Sendable>: AsyncSequence, Sendable {
    fileprivate let open: @Sendable () throws -> Pager<Item>

    public func makeAsyncIterator() -> Iterator {
        Iterator(open: open)
    }

    /// The pages of one iteration, which ends with its last page or its first error. A page that cannot be read does
    /// not end it: the next call returns it again.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        fileprivate let open: @Sendable () throws -> Pager<Item>
        /// Kept after the end, for the position.
        fileprivate var pager: Pager<Item>?
        private var hasEnded = false

        fileprivate init(open: @escaping @Sendable () throws -> Pager<Item>) {
            self.open = open
        }

        /// How far the list was read, also after its end or an error. Nil before the first page.
        public var position: Position? { try? pager?.position() }

        public mutating func next() async throws -> Page<Item>? {
            let page = try await fetch()
            pager?.consumed(page?.records.count ?? 0)
            return page
        }

        fileprivate mutating func fetch() async throws -> Page<Item>? {
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
    }
}
