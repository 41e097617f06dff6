/// Where a claim looks, in which order, and from which place on. Pure; one per queue and process.
///
/// Two things are decided here:
///
/// - **Turns.** A claim takes the urgent before the routine. In one turn of eight it looks in the reverse order, so
///   that routine messages get through while emergencies arrive without end.
/// - **Floors.** Rows that were deleted stay in an index until vacuum, and for as long as any session holds an old
///   snapshot; a claim that starts at the index's beginning walks over all of them again. So each claim starts at the
///   lowest place that was alive at the last *survey*. A message may come to life below the floor (its transaction drew
///   its place early and committed late, or it came back from waiting on another node), so every ``surveyInterval`` one
///   claim is a survey, which reports the lowest live place of each shelf. A survey too walks over what is dead: it
///   starts where the floor was ``lateness`` ago, and only now and then, the more seldom the longer it takes, at the
///   beginning.
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
        var isFull: Bool { starts.isEmpty }
    }

    /// What a claim does.
    struct Look: Equatable, Sendable {
        let arms: [Arm]
        let survey: Survey?
    }

    /// How long a message below the floor may be overlooked, if it came to life within ``lateness``.
    static let surveyInterval = Duration.milliseconds(100)
    /// The least time between two surveys from the beginning.
    static let fullInterval = Duration.seconds(10)
    /// How long a transaction may take to commit for its messages to be seen within ``surveyInterval``.
    static let lateness = Duration.seconds(30)

    private var floors: [Shelf: Int64] = [:]
    private var highestClaimed: [Shelf: Int64] = [:]
    private var turn = 0
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
        var survey: Survey?
        if nextSurvey.map({ now >= $0 }) ?? true {
            nextSurvey = now + Self.surveyInterval
            let isFull = nextFullSurvey.map { now >= $0 } ?? true
            let old = found.first.flatMap { now - $0.at >= Self.lateness ? $0.floors : nil }
            let starts = isFull ? [:] : old ?? [:]
            if isFull { nextFullSurvey = now + Self.fullInterval }
            survey = Survey(starts: starts)
            floors = starts
        }
        turn += 1
        let byPriority: [Shelf] = turn % 8 == 0 ? [.routine, .urgent, .emergency] : [.emergency, .urgent, .routine]
        let suspectArm = suspects ? [Arm(shelf: .suspect, most: 1, floor: 0)] : []
        return Look(
            arms: suspectArm + byPriority.map { Arm(shelf: $0, most: limit, floor: floors[$0] ?? 0) }, survey: survey)
    }

    /// Takes note of the places that a claim took.
    mutating func claimed(_ places: some Sequence<Place>) {
        for place in places {
            guard let shelf = Shelf(rawValue: place.shelf) else { continue }
            highestClaimed[shelf] = max(highestClaimed[shelf] ?? 0, place.position)
        }
    }

    /// Takes note of places that came back from waiting: no floor stays above them.
    mutating func returned(_ places: some Sequence<(shelf: Shelf, position: Int64)>) {
        for (shelf, position) in places { floors[shelf] = floors[shelf].map { min($0, position) } }
    }

    /// Takes note of what a survey found: the lowest live place of each shelf that has one. A shelf with none starts
    /// after the last place that was claimed from it. Messages that stand behind may come to any shelf, so no floor is
    /// above theirs.
    ///
    /// - Parameter duration: how long the claim took of which it was a part
    mutating func surveyed(
        _ survey: Survey, lowest: [Shelf: Int64], duration: Duration, now: ContinuousClock.Instant
    ) {
        for shelf in [Shelf.emergency, .urgent, .routine] {
            let floor = lowest[shelf] ?? highestClaimed[shelf].map { $0 + 1 }
            floors[shelf] = floor.map { min($0, lowest[.behind] ?? $0) }
        }
        if survey.isFull {
            nextFullSurvey = max(nextFullSurvey ?? now, now + duration * 50)
        } else {
            nextSurvey = max(nextSurvey ?? now, now + duration * 10)
        }
        var seen = floors
        seen[.behind] = lowest[.behind] ?? highestClaimed.values.max().map { $0 + 1 }
        if found.last.map({ now - $0.at >= Self.lateness / 10 }) ?? true { found.append((now, seen)) }
        while found.count > 1, now - found[1].at >= Self.lateness { found.removeFirst() }
    }

    /// Makes the next claim a survey from the beginning, because messages may have come to life below the floor.
    mutating func surveyNext() {
        nextSurvey = nil
        nextFullSurvey = nil
    }
}
