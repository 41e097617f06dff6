/// Where a claim looks, in which order, and from which place on. Pure; one per queue and process.
///
/// Two things are decided here:
///
/// - **Turns.** A claim takes the urgent before the routine. In one turn of eight it looks in the reverse order, so
///   that routine messages get through while emergencies arrive without end.
/// - **Floors.** Rows that were deleted stay in an index until vacuum, and for as long as any session holds an old
///   snapshot; a claim that starts at the index's beginning walks over all of them again. So each claim starts at the
///   lowest place that was alive at the last *survey*. A message may come to life below the floor (its transaction drew
///   its place early and committed late, or it came back from waiting on another node), so every ``surveyInterval`` a
///   survey reports the lowest live place of each shelf. A survey too walks over what is dead: it starts where the floor
///   was ``lateness`` ago, and only now and then, the more seldom the longer it takes, at the beginning. No claim waits
///   for it: only the first, which has no floor, is a survey itself; the others run beside the claims.
struct ClaimPlan: Sendable {
    /// One arm of a claim.
    struct Arm: Equatable, Sendable {
        let shelf: Shelf
        /// The most messages taken from this shelf.
        let most: Int
        /// The place from which the shelf is read.
        let floor: Int64
    }

    /// A look for the lowest live places, from these on; none is the beginning.
    struct Survey: Equatable, Sendable {
        let starts: [Shelf: Int64]
        /// Whether it is one of the few that start at the beginning; while nothing is known of half a minute ago, the
        /// others do too.
        let isFull: Bool
        /// Counts the surveys of a plan.
        let number: Int
    }

    /// What a claim does.
    struct Look: Equatable, Sendable {
        let arms: [Arm]
        /// What the claim finds out besides, from the beginning: only if nothing is known yet.
        let survey: Survey?
    }

    /// How long a message below the floor may be overlooked, if it came to life within ``lateness``; or ten times as long
    /// as a survey takes, where that is more.
    static let surveyInterval = Duration.milliseconds(100)
    /// The least time between two surveys from the beginning, except those that were asked for.
    static let fullInterval = Duration.seconds(10)
    /// How long a transaction may take to commit for its messages to be seen within ``surveyInterval``.
    static let lateness = Duration.seconds(30)

    private var floors: [Shelf: Int64] = [:]
    private var highestClaimed: [Shelf: Int64] = [:]
    private var turn = 0
    /// Whether the next claim is a survey.
    private var isUnknown = true
    private var surveys = 0
    /// What holds for a survey's answer, which is older than what happens until it is here: nothing that is claimed
    /// meanwhile raises a floor, and what comes back meanwhile lowers one.
    private var meanwhile: (highestClaimed: [Shelf: Int64], returned: [Shelf: Int64]) = ([:], [:])
    private var nextSurvey: ContinuousClock.Instant?
    private var nextFullSurvey: ContinuousClock.Instant?
    /// What surveys found, a few seconds apart, the oldest first; the first is the last that is older than `lateness`,
    /// if any is.
    private var found: [(at: ContinuousClock.Instant, floors: [Shelf: Int64])] = []

    /// What the next claim does.
    ///
    /// - Parameters:
    ///   - limit: the most messages in all
    ///   - suspects: whether a suspect may be among them
    mutating func next(limit: Int, suspects: Bool, now: ContinuousClock.Instant) -> Look {
        let survey = isUnknown ? begin(isFull: true, now: now) : nil
        turn += 1
        let byPriority: [Shelf] = turn % 8 == 0 ? [.routine, .urgent, .emergency] : [.emergency, .urgent, .routine]
        let suspectArm = suspects ? [Arm(shelf: .suspect, most: 1, floor: 0)] : []
        return Look(
            arms: suspectArm + byPriority.map { Arm(shelf: $0, most: limit, floor: floors[$0] ?? 0) }, survey: survey)
    }

    /// Whether ``survey(now:)`` gives one.
    func isSurveyDue(now: ContinuousClock.Instant) -> Bool { nextSurvey.map { now >= $0 } ?? false }

    /// The survey that is due beside the claims, if one is. The next comes after the answer to this one.
    mutating func survey(now: ContinuousClock.Instant) -> Survey? {
        guard isSurveyDue(now: now) else { return nil }
        return begin(isFull: nextFullSurvey.map { now >= $0 } ?? true, now: now)
    }

    /// It starts nowhere above a floor of now: what the floor was lowered to is alive, whatever it was before.
    private mutating func begin(isFull: Bool, now: ContinuousClock.Instant) -> Survey {
        isUnknown = false
        surveys += 1
        // An answer that never comes holds the surveys up for so long only.
        nextSurvey = now + Self.lateness
        if isFull { nextFullSurvey = now + Self.fullInterval }
        meanwhile = (highestClaimed, [:])
        guard !isFull, let old = found.first, now - old.at >= Self.lateness else {
            return Survey(starts: [:], isFull: isFull, number: surveys)
        }
        var starts = old.floors
        for shelf in [Shelf.emergency, .urgent, .routine] {
            starts[shelf] = starts[shelf].flatMap { start in floors[shelf].map { min(start, $0) } }
        }
        return Survey(starts: starts, isFull: false, number: surveys)
    }

    /// Takes note of the places that a claim took.
    mutating func claimed(_ places: some Sequence<Place>) {
        for place in places {
            guard let shelf = Shelf(rawValue: place.shelf) else { continue }
            highestClaimed[shelf] = max(highestClaimed[shelf] ?? 0, place.position)
        }
    }

    /// Takes note of places that came back from waiting: no floor is above them while they live.
    mutating func returned(_ places: some Sequence<(shelf: Shelf, position: Int64)>) {
        for (shelf, position) in places {
            floors[shelf] = floors[shelf].map { min($0, position) }
            meanwhile.returned[shelf] = min(meanwhile.returned[shelf] ?? position, position)
        }
    }

    /// Takes note of what a survey found: the lowest live place of each shelf that has one. A shelf with none starts
    /// after the last place that had been claimed from it. Messages that stand behind may come to any shelf, so no floor
    /// is above theirs.
    ///
    /// - Parameter duration: how long it took
    /// - Returns: whether something came to life below a floor, so that a claim would find what the last did not
    @discardableResult
    mutating func surveyed(
        _ survey: Survey, lowest: [Shelf: Int64], duration: Duration, now: ContinuousClock.Instant
    ) -> Bool {
        // One that was given up is older than what is known.
        guard survey.number == surveys else { return false }
        let behind = lowest[.behind]
        var isLower = false
        for shelf in [Shelf.emergency, .urgent, .routine] {
            let claimed = meanwhile.highestClaimed[shelf].map { $0 + 1 }
            guard let lowest = lowest[shelf] ?? [claimed, floors[shelf]].compactMap(\.self).max() else { continue }
            let floor = min(lowest, behind ?? lowest, meanwhile.returned[shelf] ?? lowest)
            if let old = floors[shelf], floor < old { isLower = true }
            floors[shelf] = floor
        }
        if survey.isFull {
            nextSurvey = now + Self.surveyInterval
            nextFullSurvey = now + max(Self.fullInterval, duration * 50)
        } else {
            nextSurvey = now + max(Self.surveyInterval - duration, duration * 10)
        }
        var seen = floors
        seen[.behind] = behind ?? meanwhile.highestClaimed.values.max().map { $0 + 1 }
        if found.last.map({ now - $0.at >= Self.lateness / 10 }) ?? true { found.append((now, seen)) }
        while found.count > 1, now - found[1].at >= Self.lateness { found.removeFirst() }
        return isLower
    }

    /// Takes note of a survey that gave no answer. One from the beginning is not tried again at once: it may have
    /// failed because it took too long, and the others go on meanwhile.
    ///
    /// - Parameter duration: how long it took
    mutating func surveyFailed(_ survey: Survey, duration: Duration, now: ContinuousClock.Instant) {
        guard survey.number == surveys else { return }
        nextSurvey = now + Self.surveyInterval
        if survey.isFull { nextFullSurvey = now + max(Self.fullInterval, duration * 50) }
        if floors.isEmpty { isUnknown = true }
    }

    /// Makes the next claim a survey from the beginning, because messages may have come to life below the floor.
    mutating func surveyNext() {
        isUnknown = true
        nextSurvey = nil
        floors = [:]
    }
}
