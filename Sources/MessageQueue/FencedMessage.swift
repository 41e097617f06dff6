/// A message under one particular claim.
struct FencedMessage: Hashable {
    let position: Int64
    let fence: Int

    init(position: Int64, fence: Int) {
        self.position = position
        self.fence = fence
    }

    init(_ lease: Lease) {
        self.init(position: lease.place.position, fence: lease.fence)
    }
}
