import Referral

/// The resources of a FHIR document, found by what references to them say (FHIR R4, Bundle, "Resolving references in Bundles",
/// https://hl7.org/fhir/R4/bundle.html#references, and "Contained Resources").
///
/// Resolved are full URLs (`urn:uuid:…`, `https://…/Patient/1`), `Patient/1` against the server from which the referring
/// resource came, versions of them, `#id` of a contained resource, and an identifier in place of an address. Bundles within
/// a bundle belong to it. Nothing is ever fetched.
struct ReferenceIndex: Sendable {
    typealias Found = TreePath.Found

    /// By full URL, by `Type/id`, and by the place of the container with `#id`.
    private var resources: [String: Found] = [:]
    /// The server of each entry that came from one, by the place of its resource.
    private var servers: [String: String] = [:]
    /// The resources of the entries, in their order.
    private(set) var all: [Found] = []

    init() {}

    /// Indexes a resource; anything else has no references.
    init(_ root: Item) {
        guard case .value(let resource) = root.node, resource["resourceType"] != nil else { return }
        add(resource, at: root.place)
    }

    private mutating func add(_ resource: Value, at place: Place) {
        for (index, contained) in (resource["contained"]?.arrayValue ?? []).enumerated() {
            guard let id = contained["id"]?.stringValue else { continue }
            resources["\(place.text)#\(id)"] = (contained, .element(.member(place, "contained"), index))
        }
        guard resource["resourceType"] == "Bundle" else { return }
        for (index, entry) in (resource["entry"]?.arrayValue ?? []).enumerated() {
            guard let inner = entry["resource"] else { continue }
            let found = (inner, Place.member(.element(.member(place, "entry"), index), "resource"))
            all.append(found)
            let type = inner["resourceType"]?.stringValue
            if let url = entry["fullUrl"]?.stringValue {
                insert(found, as: url)
                if let type, let server = Self.server(of: url, type) { servers[found.1.text] = server }
            }
            if let type, let id = inner["id"]?.stringValue {
                insert(found, as: "\(type)/\(id)")
                insert(found, as: "urn:uuid:\(id)")
            }
            add(inner, at: found.1)
        }
    }

    /// The first of two resources with the same address counts.
    private mutating func insert(_ found: Found, as address: String) {
        if resources[address] == nil { resources[address] = found }
    }

    /// `https://example.org/fhir/` of `https://example.org/fhir/Patient/1`; nil for an address of another kind.
    private static func server(of url: String, _ type: String) -> String? {
        let parts = url.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 3, parts[parts.count - 2] == type else { return nil }
        return parts.dropLast(2).joined(separator: "/") + "/"
    }

    /// The resource that a reference (an object with `reference` or `identifier`, or the text itself) leads to in this document.
    func resource(for found: Found) -> Found? {
        if let text = found.value.stringValue ?? found.value["reference"]?.stringValue {
            return text.hasPrefix("#") ? contained(text, from: found.place) : resource(at: text, from: found.place)
        }
        return found.value["identifier"].flatMap(resource(identifiedBy:))
    }

    /// A resource contained in the one, at whatever depth, from which the reference starts.
    private func contained(_ reference: String, from place: Place) -> Found? {
        place.upwards.lazy.compactMap { resources[$0.text + reference] }.first
    }

    private func resource(at reference: String, from place: Place) -> Found? {
        let address = reference.split(around: "/_history/")?.0 ?? reference
        if !servers.isEmpty, !address.contains(":"),
            let server = place.upwards.lazy.compactMap({ servers[$0.text] }).first,
            let found = resources[server + address]
        {
            return found
        }
        if let found = resources[address] { return found }
        // Senders write the server's address before a reference and leave it out of the full URL.
        let parts = address.split(separator: "/").suffix(2)
        return parts.count == 2 ? resources[parts.joined(separator: "/")] : nil
    }

    private func resource(identifiedBy identifier: Value) -> Found? {
        guard let value = identifier["value"]?.stringValue, let system = identifier["system"]?.stringValue else {
            return nil
        }
        return all.first { found in
            found.value["identifier"]?.arrayValue?.contains {
                $0["value"]?.stringValue == value && $0["system"]?.stringValue == system
            } == true
        }
    }
}

extension Place {
    /// The place in which this one is a member or an element; nil for another.
    var outer: Place? {
        switch self {
        case .member(let outer, _), .element(let outer, _): outer
        default: nil
        }
    }

    /// This place and those around it, from the inside out.
    fileprivate var upwards: [Place] {
        var places = [self]
        while let outer = places[places.count - 1].outer { places.append(outer) }
        return places
    }
}
