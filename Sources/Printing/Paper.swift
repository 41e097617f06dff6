import CPango

/// The sheets of a PDF file in the making, and its bytes.
///
/// For one thread. ``close()`` must be called.
final class Paper {
    /// A4 in points.
    static let width = 595.28
    static let height = 841.89
    static let margin = 56.69

    /// cairo's context, in points from the top left of the page.
    let drawing: OpaquePointer
    private let surface: OpaquePointer
    private let bytes: Bytes

    /// What cairo has written.
    private final class Bytes {
        var written: [UInt8] = []
    }

    init() {
        let bytes = Bytes()
        self.bytes = bytes
        surface = cairo_pdf_surface_create_for_stream(
            { closure, data, count in
                guard let closure, let data else { return CAIRO_STATUS_WRITE_ERROR }
                let bytes = Unmanaged<Bytes>.fromOpaque(closure).takeUnretainedValue()
                bytes.written.append(contentsOf: UnsafeBufferPointer(start: data, count: Int(count)))
                return CAIRO_STATUS_SUCCESS
            }, Unmanaged.passUnretained(bytes).toOpaque(), Self.width, Self.height)
        drawing = cairo_create(surface)
    }

    /// States what the file is.
    ///
    /// - Parameter createdAt: RFC 3339 in UTC. Without it cairo would state the present time.
    func describe(title: String, createdAt: String) {
        let isTime = createdAt.utf8.count >= 20 && createdAt.hasSuffix("Z")
        let time = isTime ? createdAt.prefix(19) + "Z" : "1970-01-01T00:00:00Z"
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title.printable)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "referral hub")
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, time)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, time)
    }

    /// Draws inside an element of the structure that readers who cannot see the page go by, such as `H1` or `TR`.
    func tagged(_ tag: String?, _ draw: () -> Void) {
        if let tag { cairo_tag_begin(drawing, tag, nil) }
        draw()
        if let tag { cairo_tag_end(drawing, tag) }
    }

    /// A thin line across.
    func rule(y: Double) {
        cairo_set_line_width(drawing, 0.5)
        cairo_move_to(drawing, Self.margin, y)
        cairo_line_to(drawing, Self.width - Self.margin, y)
        cairo_stroke(drawing)
    }

    /// Ends the page; drawing goes on on the next.
    func endPage() { cairo_show_page(drawing) }

    /// The bytes of the whole file; nothing may be drawn afterwards.
    func finished() throws(PrintingError) -> [UInt8] {
        let drawn = cairo_status(drawing)
        cairo_surface_finish(surface)
        let status = drawn == CAIRO_STATUS_SUCCESS ? cairo_surface_status(surface) : drawn
        guard status == CAIRO_STATUS_SUCCESS else {
            throw PrintingError(reason: String(cString: cairo_status_to_string(status)))
        }
        return bytes.written
    }

    /// Gives cairo's memory back.
    func close() {
        cairo_destroy(drawing)
        cairo_surface_destroy(surface)
    }
}
