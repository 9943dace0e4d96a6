using System.Security.Cryptography;

namespace EGoat.Signaling;

/// <summary>
/// The slots that codes begin with, in memory: a number that two sockets meet under, one of whom has opened it. Thread-safe;
/// nothing is awaited under its lock. Who guesses numbers is slowed by the limit on joins; the words of a code it never sees.
/// </summary>
internal sealed class HubSlots(SignalingHubOptions options) : IHubSlots
{
    /// <summary>Numbers stay this many times as many as there are slots, so that a wrong number seldom meets somebody.</summary>
    private const int Spread = 4;

    private const int MinNumbers = 99;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, Slot> _slots = [];

    /// <inheritdoc/>
    public ValueTask<(HubSlotEnd? End, SignalingMessage? Refusal)> OpenAsync(HubConnection connection)
    {
        lock (_gate)
        {
            if (_slots.Values.Count(s => s.Opener.Connection.Prefix == connection.Prefix) >= options.MaxSlotsPerAddress)
            {
                return Refuse("too-many-slots", $"One address may hold {options.MaxSlotsPerAddress} slots open.");
            }

            int number;
            do
            {
                number = RandomNumberGenerator.GetInt32(1, Math.Max(MinNumbers, _slots.Count * Spread) + 1);
            }
            while (_slots.ContainsKey(number));
            var end = new HubSlotEnd(number, connection);
            _slots[number] = new Slot(end);
            connection.Send(new SignalingMessage { Type = "slot", N = number });
            return ValueTask.FromResult<(HubSlotEnd?, SignalingMessage?)>((end, null));
        }
    }

    /// <inheritdoc/>
    public ValueTask<(HubSlotEnd? End, SignalingMessage? Refusal)> JoinAsync(HubConnection connection, int number)
    {
        lock (_gate)
        {
            if (!_slots.TryGetValue(number, out Slot? slot))
            {
                return Refuse("no-such-slot", $"Nobody waits at {number}: the code is used up, too old or mistyped.");
            }

            if (slot.Guest is not null)
            {
                return Refuse("slot-busy", $"Somebody else is at {number} now.");
            }

            slot.Guest = new HubSlotEnd(number, connection);
            connection.Send(new SignalingMessage { Type = "slot", N = number });
            slot.Opener.Connection.Send(new SignalingMessage { Type = "slot-joined" });
            return ValueTask.FromResult<(HubSlotEnd?, SignalingMessage?)>((slot.Guest, null));
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> PassAsync(HubSlotEnd from, string data)
    {
        lock (_gate)
        {
            Slot? slot = _slots.GetValueOrDefault(from.Number);
            HubSlotEnd? other = slot?.Opener == from ? slot.Guest : slot?.Guest == from ? slot.Opener : null;
            other?.Connection.Send(new SignalingMessage { Type = "slot-say", Data = data });
            return ValueTask.FromResult(other is not null);
        }
    }

    /// <inheritdoc/>
    public ValueTask LeaveAsync(HubSlotEnd end)
    {
        lock (_gate)
        {
            if (_slots.TryGetValue(end.Number, out Slot? slot))
            {
                if (slot.Opener == end)
                {
                    _slots.Remove(end.Number);
                    slot.Guest?.Connection.Send(new SignalingMessage { Type = "slot-left" });
                }
                else if (slot.Guest == end)
                {
                    slot.Guest = null;
                    slot.Opener.Connection.Send(new SignalingMessage { Type = "slot-left" });
                }
            }
        }

        return ValueTask.CompletedTask;
    }

    private static ValueTask<(HubSlotEnd? End, SignalingMessage? Refusal)> Refuse(string code, string message) =>
        ValueTask.FromResult<(HubSlotEnd?, SignalingMessage?)>((null, SignalingMessage.Error(code, message)));

    private sealed class Slot(HubSlotEnd opener)
    {
        public HubSlotEnd Opener => opener;

        public HubSlotEnd? Guest { get; set; }
    }
}
