using EGoat.Cli.Output;
using EGoat.Mesh;

namespace EGoat.Cli.Tests;

/// <summary>Names, texts, reasons and paths of others on a terminal: nothing of them moves a cursor, hides or forges a line.</summary>
public sealed class HostileTextTests
{
    private const string Escapes = "\e[2J\e]52;c;AAAA\a\u009b31m\u202Etxt.exe\r\negoat: forged\u2028x\0";

    [Fact]
    public void Chat_and_receive_show_them_inert()
    {
        var lines = new StringWriter();
        using var output = new TextRoomOutput(lines, new TextOutputOptions { IsVerbose = true });
        var peer = new EGoatPeer { Id = "P", Room = "lobby", Name = Escapes, Identity = "B", State = EGoatPeerState.Connected };
        var message = new EGoatMessage { Id = "m", Room = "lobby", From = Escapes, FromIdentity = "B", Text = Escapes, SentAt = DateTimeOffset.UnixEpoch, ReceivedAt = DateTimeOffset.UnixEpoch, Direction = EGoatDirection.Received };
        var transfer = new EGoatTransfer { Id = "t", Room = "lobby", Name = Escapes, Path = Escapes, Peer = Escapes, PeerIdentity = "B", Direction = EGoatDirection.Received, Length = 1, State = EGoatTransferState.Completed, Started = DateTimeOffset.UnixEpoch };
        var offer = new FileOffer("t", peer, [new OfferedFile(0, Escapes, 1, false), new OfferedFile(1, Escapes, 1, false)]);
        output.Show(new RoomPeerChanged(peer));
        output.Show(new RoomMessageReceived(message));
        output.Show(new RoomTransferChanged(transfer));
        output.Show(new RoomTransferChanged(transfer with { State = EGoatTransferState.Failed, Error = Escapes }));
        output.ShowOffer(offer, 1);
        output.ShowPeers([peer]);
        output.ShowTransfers([(1, offer)], [(2, transfer with { State = EGoatTransferState.Active })]);
        output.ShowHistory([message]);
        output.Show(new RoomPeerChanged(peer with { State = EGoatPeerState.Left }));
        string shown = lines.ToString();
        Assert.All(shown, c => Assert.True(c == '\n' || !(char.IsControl(c) || c is '\u202E' or '\u2028'), $"U+{(int)c:X4}"));
        Assert.DoesNotContain(shown.Split('\n'), l => l.StartsWith("egoat:", StringComparison.Ordinal));
    }

    [Fact]
    public void Json_is_one_line_an_event_whatever_they_hold()
    {
        var lines = new StringWriter();
        using var output = new JsonRoomOutput(lines, TimeProvider.System);
        var message = new EGoatMessage { Id = "m", Room = "lobby", From = Escapes, FromIdentity = "B", Text = Escapes, SentAt = DateTimeOffset.UnixEpoch, ReceivedAt = DateTimeOffset.UnixEpoch, Direction = EGoatDirection.Received };
        output.Show(new RoomMessageReceived(message));
        string line = Assert.Single(lines.ToString().TrimEnd('\n').Split('\n'));
        Assert.DoesNotContain(line, char.IsControl);
        Assert.Equal(Escapes, (string?)System.Text.Json.Nodes.JsonNode.Parse(line)!["text"]);
    }
}
