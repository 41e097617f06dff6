import Console

/// Tries ways to partners for a page: one at a time to each, and no longer than somebody waits for a page.
actor RouteTrials {
    /// Each channel has a limit of its own, which may be longer.
    static let limit: Duration = .seconds(20)

    private let test: @Sendable (String) async -> [RouteTest.Step]?
    private let limit: Duration
    private var underWay: Set<String> = []

    init(limit: Duration = limit, _ test: @escaping @Sendable (String) async -> [RouteTest.Step]?) {
        self.test = test
        self.limit = limit
    }

    /// Nil when there is no way to be tried.
    func run(_ partner: String) async -> RouteTrial? {
        guard underWay.insert(partner).inserted else { return .underWay }
        let (trials, trial) = AsyncStream<RouteTrial?>.makeStream()
        // Not a child of the request, which would wait for it: a channel's calls cannot be cancelled, and end by themselves.
        Task {
            let steps = await test(partner)
            underWay.remove(partner)
            trial.yield(steps.map { .tried($0.map(RouteTrial.Step.init)) })
            trial.finish()
        }
        // Whichever comes first is the answer.
        let patience = Task { [limit] in
            try await Task.sleep(for: limit)
            trial.yield(.tooLong(limit))
        }
        defer { patience.cancel() }
        for await outcome in trials { return outcome }
        return nil
    }
}

extension RouteTrial.Step {
    fileprivate init(_ step: RouteTest.Step) {
        self.init(way: step.channel, what: step.what, isPassed: step.isPassed, seen: step.seen)
    }
}
