namespace EGoat.Mesh;

/// <summary>
/// Which messages this room has shown lately. A sender repeats what was not confirmed before a connection broke; and the
/// store cannot tell, since another process of the same user may have stored the message first.
/// </summary>
internal sealed class RecentMessages
{
    private const int Capacity = 8192;

    private readonly HashSet<(string Identity, string Id)> _known = [];
    private readonly Queue<(string Identity, string Id)> _order = new();

    /// <summary>Whether the message is new here.</summary>
    public bool TryAdd(string identity, string id)
    {
        lock (_known)
        {
            if (!_known.Add((identity, id)))
            {
                return false;
            }

            _order.Enqueue((identity, id));
            if (_order.Count > Capacity)
            {
                _known.Remove(_order.Dequeue());
            }

            return true;
        }
    }
}
