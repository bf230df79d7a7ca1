import MarketCore

/// How far a client had come that was away: of each topic the last number it has.
struct FeedResumption: Hashable, Sendable {
    let epochs: [FeedNumbering: String]
    /// In the order of the topics it asks for now.
    let seqs: [Int64]
}

/// Clients follow what they want and take what waits.
extension LiveBoard {
    /// Follows something of some instruments.
    ///
    /// The snapshot is put in line in the same step, so that no change falls between the two.
    ///
    /// - Parameters:
    ///   - replies: what is said before the snapshots.
    ///   - resumption: of a client that was away: it is told what it has missed.
    /// - Returns: false when the client has not read its earlier replies; nothing is changed then.
    func subscribe(
        _ mailbox: Mailbox, to instruments: [Instrument], _ selection: FeedSelection, replies: [FeedMessage],
        resuming resumption: FeedResumption? = nil
    ) -> Bool {
        contents.withLock { contents in
            let known = instruments.compactMap { instrument in contents.numbers[instrument.key] }
            var messages = replies
            if let resumption {
                messages += contents.missed(known.flatMap(selection.numberedTopics), since: resumption)
            }
            messages += known.map { contents.snapshot($0, selection) }
            guard mailbox.reply(messages) else { return false }
            for topic in known.flatMap(selection.topics) { contents.subscribers.add(mailbox, to: topic) }
            return true
        }
    }

    /// Stops following something of some instruments.
    func unsubscribe(_ mailbox: Mailbox, from instruments: [Instrument], _ selection: FeedSelection) {
        contents.withLock { contents in
            for index in instruments.compactMap({ contents.numbers[$0.key] }) {
                for topic in selection.topics(index) { contents.subscribers.remove(mailbox, from: topic) }
            }
        }
    }

    /// Follows the day's figures of every instrument, later ones too; all that is known waits in the mailbox at once.
    func subscribeToAllDays(_ mailbox: Mailbox) {
        change { contents in
            contents.subscribers.addToAllDays(mailbox)
            for index in contents.entries.indices where contents.entries[index].quote != nil {
                contents.subscribers.mark(.day(index), for: mailbox)
            }
        }
    }

    /// Follows the state of the venues and of the feed; the present one waits in the mailbox at once.
    func subscribeToStatus(_ mailbox: Mailbox) {
        change { contents in
            contents.subscribers.add(mailbox, to: .status)
            contents.subscribers.mark(.status, for: mailbox)
        }
    }

    /// Forgets a client.
    func remove(_ mailbox: Mailbox) { contents.withLock { $0.subscribers.remove(mailbox) } }

    /// Replaces the status.
    ///
    /// - Parameter isNews: whether everybody is told at once. If not it goes along with whatever a client is sent next:
    ///   thousands need not be woken for it. ``deliverStatus()`` is for those who are sent nothing.
    func publishStatus(_ status: FeedMessage, isNews: Bool) {
        change { contents in
            contents.status = status
            contents.subscribers.mark(.status, calls: isNews)
        }
    }

    /// Tells the status to those who have not got it yet.
    func deliverStatus() { change { $0.subscribers.callThoseWho(follow: .status) } }

    /// Takes what waits in a mailbox: what stands in line, then what was not got with its snapshots, then the latest
    /// values. Nothing is numbered between the snapshots and what is put in line afterwards.
    func take(_ mailbox: Mailbox) -> [FeedMessage] {
        contents.withLock { contents in
            let waiting = mailbox.take()
            var messages = waiting.messages
            for numbering in FeedNumbering.allCases where waiting.interrupted.contains(numbering) {
                let topics = contents.subscribers.topics(of: mailbox, numbering)
                // It may have unsubscribed meanwhile.
                guard !topics.isEmpty else { continue }
                messages.append(FeedFrame.gap(.feedInterrupted, of: numbering))
                messages += contents.snapshots(of: topics) { _ in nil }
            }
            if !waiting.lost.isEmpty {
                messages += contents.snapshots(of: waiting.lost.keys) { position in
                    waiting.lost[position.topic].map { (.slowClient, $0) }
                }
            }
            for topic in waiting.topics {
                if let message = contents.message(topic) { messages.append(message) }
            }
            return messages
        }
    }
}

extension LiveBoard.Contents {
    /// What a client has missed that was away: of another epoch nobody can tell, so that anything may be missing.
    fileprivate func missed(_ topics: [LiveTopic], since resumption: FeedResumption) -> [FeedMessage] {
        var gaps: [FeedMessage] = []
        for numbering in FeedNumbering.allCases
        where epochs[numbering] != resumption.epochs[numbering] && topics.contains(where: { $0.numbering == numbering })
        {
            gaps.append(FeedFrame.gap(.feedInterrupted, of: numbering))
        }
        for (topic, seq) in zip(topics, resumption.seqs) {
            guard let position = position(topic), let index = topic.instrument,
                topic.numbering.map({ epochs[$0] == resumption.epochs[$0] }) ?? false, seq < position.seq
            else { continue }
            gaps.append(
                FeedFrame.gap(
                    .reconnected, symbol: entries[index].instrument.key, .init(fromSeq: seq + 1), to: position))
        }
        return gaps
    }
}
