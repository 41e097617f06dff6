import CPango
import Synchronization

/// Prints documents as PDF: A4 upright, the marking at the head of each page, reference and page number at its foot.
///
/// The same document gives the same bytes wherever the libraries and fonts are the same. The file has no script, link,
/// form or attachment. Headings, lists and tables are tagged for readers who cannot see the page; the language of the text
/// is not, since cairo before 1.18 has no way to say it.
package enum Printer {
    /// A font map may be used by one thread at a time (https://docs.gtk.org/Pango/class.FontMap.html), and loading fonts is
    /// the dear part of printing: so there is one, and a lock around each print, which takes some milliseconds.
    private static let fonts = Mutex(Fonts())

    /// The file's bytes.
    ///
    /// - Throws: ``PrintingError`` when no font is installed, when the document is longer than 20,000 lines or 500 pages, or
    ///   when cairo cannot go on, which is for lack of memory.
    package static func print(_ document: Document) throws(PrintingError) -> [UInt8] {
        let result = fonts.withLock { fonts -> Result<[UInt8], PrintingError> in
            do throws(PrintingError) {
                // Without one Pango draws an empty box for every letter, and nobody would know before it is read.
                guard fonts.areThere else { throw PrintingError(reason: "no font is installed (fonts-dejavu-core)") }
                let paper = Paper()
                defer { paper.close() }
                try Press(document, on: paper, fonts.map).print()
                return .success(try paper.finished())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Pango's font map, which is never freed.
    private struct Fonts: ~Copyable {
        let map: UnsafeMutablePointer<PangoFontMap> = pango_cairo_font_map_new()
        let areThere: Bool

        init() {
            let context = pango_font_map_create_context(map)
            let wanted = pango_font_description_from_string("Sans 10")
            let found = pango_font_map_load_font(map, context, wanted)
            areThere = found != nil
            if let found { g_object_unref(found) }
            pango_font_description_free(wanted)
            g_object_unref(UnsafeMutableRawPointer(context))
        }
    }
}

/// Why a document could not be printed; says nothing of what is in it.
package struct PrintingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// cairo's own word for it, such as `out of memory`, or what is missing.
    package var reason: String

    /// It has more lines or pages than anybody is sent.
    package static let documentTooLong = PrintingError(reason: "document_too_long")

    package var description: String { "the document cannot be printed: \(reason)" }
}
