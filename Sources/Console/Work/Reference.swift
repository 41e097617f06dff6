/// An id that a page names, and the page that it leads to.
package struct Reference: Sendable, Hashable {
    /// What it is of.
    package var name: String
    package var id: String
    package var path: String

    /// - Parameter path: Left out, that of the life of the id.
    package init(_ name: String, _ id: String, path: String? = nil) {
        self.name = name
        self.id = id
        self.path = path ?? "\(Console.Section.messages.path)/\(id)"
    }

    var view: [String: Any] { ["name": name, "id": id, "path": path] }
}
