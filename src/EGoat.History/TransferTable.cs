using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>Transfers, one row for each (id, peer identity, name, direction).</summary>
internal static class TransferTable
{
    /// <summary>What <see cref="Read"/> reads, in its order.</summary>
    public const string Columns = "id, peer_identity, name, room, path, peer, direction, length, transferred, resumed, tree_hash, state, error, started, finished, rate";

    public static void Put(SqliteConnection connection, EGoatTransfer transfer) => connection.ExecuteKept(
        "INSERT OR REPLACE INTO transfers VALUES ($id, $peerIdentity, $name, $room, $path, $peer, $direction, $length, $transferred, $resumed, $treeHash, $state, $error, $started, $finished, $rate)",
        ("$id", transfer.Id),
        ("$peerIdentity", transfer.PeerIdentity),
        ("$name", transfer.Name),
        ("$room", transfer.Room),
        ("$path", transfer.Path),
        ("$peer", transfer.Peer),
        ("$direction", transfer.Direction.ToString()),
        ("$length", transfer.Length),
        ("$transferred", transfer.BytesTransferred),
        ("$resumed", transfer.BytesResumed),
        ("$treeHash", transfer.TreeHash),
        ("$state", transfer.State.ToString()),
        ("$error", transfer.Error),
        ("$started", transfer.Started.ToUnixTimeMilliseconds()),
        ("$finished", transfer.Finished?.ToUnixTimeMilliseconds()),
        ("$rate", transfer.Rate));

    /// <summary>Stores one that is not there yet. False: one was there, and stays.</summary>
    public static bool Import(SqliteConnection connection, EGoatTransfer transfer)
    {
        bool isNew = connection.GetNumber(
            "SELECT count(*) FROM transfers WHERE id = $id AND peer_identity = $peerIdentity AND name = $name AND direction = $direction",
            ("$id", transfer.Id),
            ("$peerIdentity", transfer.PeerIdentity),
            ("$name", transfer.Name),
            ("$direction", transfer.Direction.ToString())) == 0;
        if (isNew)
        {
            Put(connection, transfer);
        }

        return isNew;
    }

    /// <summary>The transfers of a query, as they are asked for.</summary>
    public static IEnumerable<EGoatTransfer> Find(SqliteConnection connection, HistoryQuery query)
    {
        (string sql, Conditions where) = Select(query);
        return connection.Stream(sql, Read, where.Parameters);
    }

    public static (string Sql, Conditions Where) Select(HistoryQuery query)
    {
        var where = new Conditions();
        where.Add("room = $room", "$room", query.Room);
        where.Add("(peer_identity = $peer OR peer = $peer)", "$peer", query.Peer);
        where.Add("started >= $since", "$since", query.Since?.ToUnixTimeMilliseconds());
        where.Add("started < $until", "$until", query.Until?.ToUnixTimeMilliseconds());
        where.Add("direction = $direction", "$direction", query.Direction?.ToString());
        where.Add("state = $state", "$state", query.TransferState?.ToString());
        return ($"SELECT {Columns} FROM transfers{where} ORDER BY started {(query.NewestFirst ? "DESC" : "ASC")}, rowid{Conditions.Page(query)}", where);
    }

    public static EGoatTransfer Read(SqliteDataReader row) => new()
    {
        Id = row.GetString(0),
        PeerIdentity = row.GetString(1),
        Name = row.GetString(2),
        Room = row.GetString(3),
        Path = row.GetString(4),
        Peer = row.GetString(5),
        Direction = Enum.Parse<EGoatDirection>(row.GetString(6)),
        Length = row.GetInt64(7),
        BytesTransferred = row.GetInt64(8),
        BytesResumed = row.GetInt64(9),
        TreeHash = row.IsDBNull(10) ? null : row.GetString(10),
        State = Enum.Parse<EGoatTransferState>(row.GetString(11)),
        Error = row.IsDBNull(12) ? null : row.GetString(12),
        Started = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(13)),
        Finished = row.IsDBNull(14) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(14)),
        Rate = row.GetDouble(15),
    };
}
