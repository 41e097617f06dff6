/// Where a claim looks, in which order, and from which place on. Pure; one per queue and process.
///
/// Two things are decided here:
///
/// - **Turns.** A claim takes the urgent before the routine. In one turn of eight it looks in the reverse order, so
///   that routine messages get through while emergencies arrive without end.
/// - **Floors.** Rows that were deleted stay in an index until vacuum, and for as long as any session holds an old
///   snapshot; a claim that starts at the index's beginning walks over all of them again. So each claim starts at the
///   lowest place that was alive at the last *survey*. A message may come to life below the floor (its transaction drew
///   its place early and committed late, or it came back from waiting), so every ``surveyInterval`` one claim is a
///   survey: it starts at the beginning and reports the lowest live place of each shelf.
struct ClaimPlan: Sendable {
    /// One arm of a claim.
    struct Arm: Equatable, Sendable {
        let shelf: Shelf
        /// The most messages taken from this shelf.
        let most: Int
        /// The place from which the shelf is read.
        let floor: Int64
    }

    /// How long a message below the floor may be overlooked.
    static let surveyInterval = Duration.milliseconds(100)

    private var floors: [Shelf: Int64] = [:]
    private var highestClaimed: [Shelf: Int64] = [:]
    private var turn = 0
    private var nextSurvey: ContinuousClock.Instant?

    /// The arms of the next claim, and whether it is a survey.
    ///
    /// - Parameters:
    ///   - limit: the most messages in all
    ///   - suspects: whether a suspect may be among them
    mutating func next(limit: Int, suspects: Bool, now: ContinuousClock.Instant) -> (arms: [Arm], isSurvey: Bool) {
        let isSurvey = nextSurvey.map { now >= $0 } ?? true
        if isSurvey {
            nextSurvey = now + Self.surveyInterval
            floors = [:]
        }
        turn += 1
        let byPriority: [Shelf] = turn % 8 == 0 ? [.routine, .urgent, .emergency] : [.emergency, .urgent, .routine]
        let suspectArm = suspects ? [Arm(shelf: .suspect, most: 1, floor: 0)] : []
        return (suspectArm + byPriority.map { Arm(shelf: $0, most: limit, floor: floors[$0] ?? 0) }, isSurvey)
    }

    /// Takes note of the places that a claim took.
    mutating func claimed(_ places: some Sequence<Place>) {
        for place in places {
            guard let shelf = Shelf(rawValue: place.shelf) else { continue }
            highestClaimed[shelf] = max(highestClaimed[shelf] ?? 0, place.position)
        }
    }

    /// Takes note of a survey: the lowest live place of each shelf that has one. A shelf with none starts after the
    /// last place that was claimed from it. Messages that stand behind may come to any shelf, so no floor is above
    /// theirs.
    mutating func surveyed(lowest: [Shelf: Int64]) {
        for shelf in [Shelf.emergency, .urgent, .routine] {
            let floor = lowest[shelf] ?? highestClaimed[shelf].map { $0 + 1 }
            floors[shelf] = floor.map { min($0, lowest[.behind] ?? $0) }
        }
    }

    /// Makes the next claim a survey, because messages may have come to life below the floor.
    mutating func surveyNext() {
        nextSurvey = nil
    }
}
