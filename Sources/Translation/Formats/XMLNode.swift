/// An element of an XML document, with everything in it in the order in which it was written.
package struct XMLNode: Sendable, Hashable {
    /// An attribute. Declarations of namespaces are not among the attributes.
    package struct Attribute: Sendable, Hashable {
        /// Local name.
        package var name: String
        /// Namespace name; nil for an attribute without a prefix.
        package var namespace: String?
        package var value: String

        package init(_ name: String, namespace: String? = nil, _ value: String) {
            self.name = name
            self.namespace = namespace
            self.value = value
        }
    }

    /// What an element holds.
    package enum Content: Sendable, Hashable {
        case element(XMLNode)
        case text(String)
    }

    /// Local name.
    package var name: String
    /// Namespace name; nil for none.
    package var namespace: String?
    /// In the order of the document.
    package var attributes: [Attribute]
    /// Elements and the text between them, white space kept, neighbouring texts joined. Comments and processing
    /// instructions are left out.
    package var content: [Content]

    package init(_ name: String, namespace: String? = nil, attributes: [Attribute] = [], content: [Content] = []) {
        self.name = name
        self.namespace = namespace
        self.attributes = attributes
        self.content = content
    }

    /// An element that holds nothing but text.
    package init(_ name: String, namespace: String? = nil, text: String) {
        self.init(name, namespace: namespace, content: text.isEmpty ? [] : [.text(text)])
    }

    /// The elements in this one.
    package var children: [XMLNode] {
        content.compactMap { if case .element(let child) = $0 { child } else { nil } }
    }

    /// The text directly in this element, joined; text in elements below it is not part of it.
    package var text: String {
        var text = ""
        for case .text(let part) in content { text += part }
        return text
    }

    /// The text of this element and of all below it, in the order of the document, as for a narrative with mark-up.
    package var allText: String {
        content.map { part in
            switch part {
            case .text(let text): text
            case .element(let child): child.allText
            }
        }.joined()
    }

    /// The elements of a local name directly in this one, whatever their namespace.
    package func children(named name: String) -> [XMLNode] { children.filter { $0.name == name } }

    /// The first element of a local name directly in this one.
    package func child(named name: String) -> XMLNode? {
        for case .element(let child) in content where child.name == name { return child }
        return nil
    }

    /// The value of the first attribute of a local name, whatever its namespace.
    package func attribute(_ name: String) -> String? { attributes.first { $0.name == name }?.value }
}
