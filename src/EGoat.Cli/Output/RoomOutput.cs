using System.Globalization;
using System.Text.Json.Nodes;
using EGoat.Mesh;
using Spectre.Console;

namespace EGoat.Cli.Output;

/// <summary>Shows what happens in a room: JSON lines, plain lines, or on a terminal lines with progress bars below.</summary>
/// <param name="isJson">Whether each event is a JSON object.</param>
/// <param name="lines">Where lines go.</param>
internal sealed class RoomOutput(bool isJson, TextWriter lines)
{
    private readonly HashSet<string> _present = [];

    /// <summary>Whether people watch: a terminal, and no JSON.</summary>
    public bool IsInteractive { get; } = !isJson && !Console.IsOutputRedirected;

    /// <summary>Whether progress bars are drawn on a terminal. Default true.</summary>
    public bool HasBars { get; init; } = true;

    /// <summary>Receives the transfers on a terminal; progress is drawn there.</summary>
    public Action<EGoatTransfer>? Progress { get; set; }

    /// <summary>The room is joined.</summary>
    public void Joined(Room room)
    {
        if (isJson)
        {
            Line(EventJson.Object(new JsonObject { ["event"] = "joined", ["room"] = room.Name, ["peer"] = room.PeerId, ["identity"] = room.Identity, ["name"] = room.DisplayName }));
        }
        else
        {
            Line($"Joined the room {VisibleText.Line(room.Name)} as {VisibleText.Line(room.DisplayName)}. It is open: whoever knows its name and server can join.");
        }
    }

    /// <summary>Shows an event.</summary>
    public void Show(RoomEvent e)
    {
        switch (e)
        {
            case RoomMessageReceived { Message: var message }:
                Line(isJson ? EventJson.Message(message) : $"{VisibleText.Line(message.From)}: {VisibleText.Text(message.Text, "    ")}");
                break;
            case RoomPeerChanged { Peer: var peer }:
                ShowPeer(peer);
                break;
            case RoomTransferChanged { Transfer: var transfer }:
                Progress?.Invoke(transfer);
                if (transfer.IsEnded)
                {
                    Line(isJson ? EventJson.Transfer(transfer) : Describe(transfer));
                }

                break;
            case RoomStateChanged { State: EGoatRoomState.Reconnecting }:
                Warn("The signaling server is out of reach. Connected peers stay; newcomers can join when it is back.");
                break;
            case RoomWarning { Text: var text }:
                Warn(text);
                break;
            default:
                break;
        }
    }

    /// <summary>One file and one receiver, as a line.</summary>
    public static string Describe(EGoatTransfer transfer)
    {
        string way = $"{VisibleText.Line(transfer.Name)} {(transfer.Direction == EGoatDirection.Sent ? "to" : "from")} {VisibleText.Line(transfer.Peer)}";
        return transfer.State == EGoatTransferState.Completed
            ? string.Create(CultureInfo.InvariantCulture, $"{way}: {transfer.Length:N0} bytes{(transfer.BytesResumed > 0 ? $" ({transfer.BytesResumed:N0} were there)" : "")}, {transfer.Rate / (1024 * 1024):F1} MiB/s, {transfer.TreeHash}{(transfer.Direction == EGoatDirection.Received ? $" -> {VisibleText.Line(transfer.Path)}" : "")}")
            : $"{way}: {transfer.State}. {VisibleText.Line(transfer.Error ?? "")}";
    }

    /// <summary>Something that people should know.</summary>
    public void Warn(string text)
    {
        if (isJson)
        {
            Line(EventJson.Object(new JsonObject { ["event"] = "warning", ["text"] = text }));
        }
        else
        {
            Console.Error.WriteLine($"egoat: {VisibleText.Text(text, "  ")}");
        }
    }

    /// <summary>Shows who is there, and how well they are reached.</summary>
    public void ShowPeers(IReadOnlyList<EGoatPeer> peers)
    {
        foreach (EGoatPeer peer in peers)
        {
            Line(isJson ? EventJson.Peer("peer", peer) : $"{(peer.Name.Length > 0 ? VisibleText.Line(peer.Name) : peer.Id)}: {peer.State}{(peer.Statistics is { LocalAddress.Length: > 0 } path ? $", {path}" : "")}");
        }

        if (peers.Count == 0 && !isJson)
        {
            Line("Nobody else is in the room.");
        }
    }

    private void ShowPeer(EGoatPeer peer)
    {
        if (peer.State == EGoatPeerState.Connected && _present.Add(peer.Id))
        {
            Line(isJson ? EventJson.Peer("join", peer) : $"{VisibleText.Line(peer.Name)} is here.");
        }
        else if (peer.State is EGoatPeerState.Left or EGoatPeerState.Disconnected && _present.Remove(peer.Id))
        {
            Line(isJson ? EventJson.Peer("leave", peer) : $"{VisibleText.Line(peer.Name)} is gone.");
        }
    }

    private void Line(string text)
    {
        if (Progress is not null)
        {
            AnsiConsole.Write(Align.Left(new Text(text))); // above the bars, which it knows of; over the whole width, since it does not clear them first
        }
        else
        {
            lines.WriteLine(text);
            lines.Flush();
        }
    }
}
