namespace EGoat.Keys;

/// <summary>
/// A code at the side that invites. It counts by itself, since the server is not trusted to: one success, three failures or an hour
/// end it. Several exchanges may be under way at once; their proofs are paid for one after another. Thread-safe.
/// </summary>
public sealed class CodeInvitation
{
    /// <summary>Failures that end the code: a guess is right once in a million with two words.</summary>
    public const int MaxFailures = 3;

    /// <summary>How long a code lasts.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly RoomLink _link;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly Lock _gate = new();

    /// <summary>Proofs that were not right, and those that are being looked at.</summary>
    private int _failures;
    private bool _isUsed;

    /// <param name="code">The code.</param>
    /// <param name="link">What it leads to.</param>
    /// <param name="time">The clock of its hour, which begins now.</param>
    public CodeInvitation(InviteCode code, RoomLink link, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(code);
        ArgumentNullException.ThrowIfNull(link);
        ArgumentNullException.ThrowIfNull(time);
        Code = code;
        _link = link;
        _time = time;
        _began = time.GetTimestamp();
    }

    /// <summary>The code.</summary>
    public InviteCode Code { get; }

    /// <summary>What has become of it.</summary>
    public CodeInvitationState State
    {
        get
        {
            lock (_gate)
            {
                return _isUsed ? CodeInvitationState.Used
                    : _failures >= MaxFailures ? CodeInvitationState.Failed
                    : _time.GetElapsedTime(_began) >= Lifetime ? CodeInvitationState.Lapsed
                    : CodeInvitationState.Open;
            }
        }
    }

    /// <summary>Proofs that may still be wrong.</summary>
    public int TriesLeft
    {
        get
        {
            lock (_gate)
            {
                return Math.Max(0, MaxFailures - _failures);
            }
        }
    }

    /// <summary>Begins an exchange with somebody who has come to the slot.</summary>
    /// <param name="self">This side's peer id, drawn for this exchange.</param>
    /// <exception cref="InvalidOperationException">The code has ended.</exception>
    public CodeExchange Begin(string self) => State == CodeInvitationState.Open
        ? CodeExchange.Invite(Code, self, this, _link)
        : throw new InvalidOperationException($"The code has ended: {State}.");

    /// <summary>Takes one of the tries. False when the code has ended.</summary>
    internal bool TryCharge()
    {
        lock (_gate)
        {
            if (State != CodeInvitationState.Open)
            {
                return false;
            }

            _failures++;
            return true;
        }
    }

    /// <summary>The try that was taken was right: the code is used. False when another one was right before.</summary>
    internal bool TrySucceed()
    {
        lock (_gate)
        {
            if (_isUsed)
            {
                return false;
            }

            _failures--;
            _isUsed = true;
            return true;
        }
    }
}
