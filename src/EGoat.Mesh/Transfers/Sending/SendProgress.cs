using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// What one attempt has sent, and what the receiver has said of it: frames that do not fit are found out here. Indices are those of
/// the attempt. Thread-safe: one sends, another reads.
/// </summary>
/// <param name="lengths">The lengths of the files in bytes.</param>
internal sealed class SendProgress(IReadOnlyList<long> lengths)
{
    private readonly Lock _gate = new();
    private readonly FileOutcome?[] _outcomes = new FileOutcome?[lengths.Count];

    /// <summary>Whether everything of a file has been sent.</summary>
    private readonly bool[] _isSent = new bool[lengths.Count];
    private HashSet<int>? _accepted;
    private long _sent;
    private long _acknowledged;

    /// <summary>Accepted files without an outcome, and those of them that were sent to their end.</summary>
    private int _unsettled;
    private int _unconfirmed;

    /// <summary>What the receiver holds already.</summary>
    public PresentBlocks Present { get; } = new(lengths);

    /// <summary>Whether all accepted files have an outcome.</summary>
    public bool IsSettled
    {
        get
        {
            lock (_gate)
            {
                return _unsettled == 0;
            }
        }
    }

    /// <summary>Files that were sent to their end and have no outcome yet.</summary>
    public int Unconfirmed
    {
        get
        {
            lock (_gate)
            {
                return _unconfirmed;
            }
        }
    }

    /// <summary>Content on its way, in bytes.</summary>
    public long Unacknowledged
    {
        get
        {
            lock (_gate)
            {
                return _sent - _acknowledged;
            }
        }
    }

    /// <summary>The receiver takes these files.</summary>
    public void Accept(IReadOnlyList<int> files)
    {
        lock (_gate)
        {
            _accepted = [.. files];
            _unsettled = _accepted.Count(f => _outcomes[f] is null);
        }
    }

    /// <summary>Whether the receiver has said that it does not take a file.</summary>
    public bool IsDeclined(int file)
    {
        lock (_gate)
        {
            return _accepted?.Contains(file) == false;
        }
    }

    /// <summary>How a file has ended; null when it has not.</summary>
    public FileOutcome? GetOutcome(int file)
    {
        lock (_gate)
        {
            return _outcomes[file];
        }
    }

    /// <summary>Content is sent.</summary>
    public void NoteSent(int bytes)
    {
        lock (_gate)
        {
            _sent += bytes;
        }
    }

    /// <summary>A file is sent to its end.</summary>
    public void NoteEnd(int file)
    {
        lock (_gate)
        {
            _isSent[file] = true;
            _unconfirmed += _outcomes[file] is null ? 1 : 0;
        }
    }

    /// <summary>A file is not sent to its end; false when it has an outcome already.</summary>
    public bool Skip(int file, string reason)
    {
        lock (_gate)
        {
            return TrySettle(file, new FileOutcome(EGoatTransferState.Failed, reason));
        }
    }

    /// <summary>Takes a frame of the receiver; false when it is out of place.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="settled">The file that has its outcome by it; -1 when none has.</param>
    public bool TryHandle(in FileFrame frame, out int settled)
    {
        settled = -1;
        lock (_gate)
        {
            switch (frame.Type)
            {
                case FileFrameType.Ack when frame.Value >= _acknowledged && frame.Value <= _sent:
                    _acknowledged = frame.Value;
                    return true;
                case FileFrameType.Have:
                    return Present.TryAdd(frame);
                case FileFrameType.Stored when frame.File < _outcomes.Length:
                    return TryHandleStored(frame, ref settled);
                default:
                    return false;
            }
        }
    }

    // What was not sent cannot be stored, and what is stored cannot fail. A failure may cross with a SKIP: the first counts.
    private bool TryHandleStored(in FileFrame frame, ref int settled)
    {
        int file = (int)frame.File;
        FileOutcome? before = _outcomes[file];
        if (frame.Flags == FileFrame.StatusStored ? before is not null || !_isSent[file] : before?.State == EGoatTransferState.Completed)
        {
            return false;
        }

        FileOutcome outcome = frame.Flags switch
        {
            FileFrame.StatusStored => new(EGoatTransferState.Completed, null),
            FileFrame.StatusUnwanted => new(EGoatTransferState.Rejected, Explain(frame, "The receiver did not want this file.")),
            _ => new(EGoatTransferState.Failed, Explain(frame, "The receiver could not store the file.")),
        };
        if (TrySettle(file, outcome))
        {
            settled = file;
        }

        return true;
    }

    private static string Explain(in FileFrame frame, string otherwise) => frame.Payload.IsEmpty ? otherwise : VisibleText.Line(frame.GetReason());

    private bool TrySettle(int file, FileOutcome outcome)
    {
        if (_outcomes[file] is not null)
        {
            return false;
        }

        _outcomes[file] = outcome;
        _unconfirmed -= _isSent[file] ? 1 : 0;
        _unsettled -= _accepted?.Contains(file) == true ? 1 : 0;
        return true;
    }
}
