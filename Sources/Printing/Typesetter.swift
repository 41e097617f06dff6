import CPango

/// Breaks texts into lines with Pango: words that are too long are broken, right-to-left scripts run from the right, and a
/// character that no font has becomes a box with its number.
///
/// For one document and one thread: it holds Pango's objects until it goes.
final class Typesetter {
    /// The look of a text.
    enum Style { case title, heading, label, body, marking, foot }

    /// On which side of its width a text stands.
    enum Side { case start, centre, end }

    /// A text broken into lines, in points from its own top left.
    struct Text {
        var lines: [Line] = []

        struct Line {
            fileprivate var line: UnsafeMutablePointer<PangoLayoutLine>
            /// Where the line begins, to the right of the text's left edge.
            var x: Double
            var baseline: Double
            var bottom: Double
        }
    }

    private let drawing: OpaquePointer
    private let context: OpaquePointer
    /// The lines of a text live as long as its layout.
    private var layouts: [OpaquePointer] = []

    /// - Parameters:
    ///   - fonts: Pango's font map.
    ///   - drawing: cairo's context, whose surface decides how glyphs are measured.
    init(_ fonts: UnsafeMutablePointer<PangoFontMap>, drawing: OpaquePointer) {
        self.drawing = drawing
        context = pango_font_map_create_context(fonts)
        pango_cairo_context_set_resolution(context, 72)
        // Which font serves a script must not hang on the locale of the process.
        pango_context_set_language(context, pango_language_from_string("en-gb"))
        pango_cairo_update_context(drawing, context)
    }

    deinit {
        for layout in layouts { g_object_unref(UnsafeMutableRawPointer(layout)) }
        g_object_unref(UnsafeMutableRawPointer(context))
    }

    /// Breaks a text into lines of a width.
    func set(_ text: String, _ style: Style, width: Double, side: Side = .start) -> Text {
        guard let layout = pango_layout_new(context) else { return Text() }
        layouts.append(layout)
        let font = pango_font_description_from_string(style.font)
        pango_layout_set_font_description(layout, font)
        pango_font_description_free(font)
        pango_layout_set_width(layout, Int32(width * Double(PANGO_SCALE)))
        pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR)
        pango_layout_set_alignment(layout, side.alignment)
        // A hyphen at a break inside a long number would be read as part of it.
        let attributes = pango_attr_list_new()
        pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(0))
        pango_layout_set_attributes(layout, attributes)
        pango_attr_list_unref(attributes)
        let text = text.printable
        pango_layout_set_text(layout, text, Int32(clamping: text.utf8.count))
        return Text(lines: lines(of: layout))
    }

    private func lines(of layout: OpaquePointer) -> [Text.Line] {
        let iterator = pango_layout_get_iter(layout)
        defer { pango_layout_iter_free(iterator) }
        var lines: [Text.Line] = []
        repeat {
            guard let line = pango_layout_iter_get_line_readonly(iterator) else { break }
            var extents = PangoRectangle()
            var top: Int32 = 0
            var bottom: Int32 = 0
            pango_layout_iter_get_line_extents(iterator, nil, &extents)
            pango_layout_iter_get_line_yrange(iterator, &top, &bottom)
            lines.append(
                Text.Line(
                    line: line, x: extents.x.points, baseline: pango_layout_iter_get_baseline(iterator).points,
                    bottom: bottom.points))
        } while pango_layout_iter_next_line(iterator) != 0
        return lines
    }

    /// Draws some lines of a text, the first of them at a place.
    func draw(_ text: Text, _ range: Range<Int>, x: Double, y: Double) {
        let top = range.lowerBound > 0 ? text.lines[range.lowerBound - 1].bottom : 0
        for line in text.lines[range] {
            cairo_move_to(drawing, x + line.x, y + line.baseline - top)
            pango_cairo_show_layout_line(drawing, line.line)
        }
    }
}

extension Typesetter.Style {
    /// Pango's description of the font. DejaVu has Latin, Greek, Cyrillic and Arabic; for the rest fontconfig looks for
    /// another.
    fileprivate var font: String {
        switch self {
        case .title: "DejaVu Sans Bold 16"
        case .heading: "DejaVu Sans Bold 12"
        case .label, .marking: "DejaVu Sans Bold 9.5"
        case .body: "DejaVu Sans 9.5"
        case .foot: "DejaVu Sans 8"
        }
    }
}

extension Typesetter.Side {
    fileprivate var alignment: PangoAlignment {
        switch self {
        case .start: PANGO_ALIGN_LEFT
        case .centre: PANGO_ALIGN_CENTER
        case .end: PANGO_ALIGN_RIGHT
        }
    }
}

extension Int32 {
    /// Pango's units in points.
    fileprivate var points: Double { Double(self) / Double(PANGO_SCALE) }
}
