using System.Text;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Tests;

public sealed class ControlCodecTests
{
    private const string Id = "01890a5d-ac96-774b-bcce-b302099a8057";
    private static readonly string Instance = new('a', 26);

    public static TheoryData<int> Messages => [.. Enumerable.Range(0, All.Length)];

    private static ControlMessage[] All =>
    [
        new HelloMessage(1, "ada \"quoted\" 🐐", Instance, true, ["frame64k"]),
        new TextMessage(Id, 1_700_000_000_000, "line\nline", true),
        new ReceiptMessage(Id),
        new TypingMessage(),
        new TransferMessage(Id, 3, -1, "goat.txt"),
        new AcceptMessage(Id, null, false),
        new AcceptMessage(Id, [0, 2], true),
        new AcceptMessage(Id, [.. Enumerable.Range(5, 2000).Where(i => i % 700 != 0)], true),
        new PauseMessage(Id),
        new ResumeMessage(Id),
        new RejectMessage(Id, "no"),
        new CancelMessage(Id, ""),
        new DoneMessage(Id, 1, 5),
        new ByeMessage(""),
        new ByeMessage("later"),
    ];

    [Theory]
    [MemberData(nameof(Messages))]
    public void What_is_written_is_read_back(int index)
    {
        ControlMessage message = All[index];
        Assert.True(ControlCodec.TryParse(ControlCodec.Encode(message), out ControlMessage read));
        Assert.Equal(message, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"type":1}""")]
    [InlineData("""{"type":"text","id":"x","at":1,"text":"hi"}""")]
    [InlineData("""{"type":"text","id":"01890a5d-ac96-774b-bcce-b302099a8057","at":"1","text":"hi"}""")]
    [InlineData("""{"type":"hello","v":0,"instance":"aaaaaaaaaaaaaaaaaaaaaaaaaa"}""")]
    [InlineData("""{"type":"hello","v":1,"instance":"short"}""")]
    [InlineData("""{"type":"transfer","id":"01890a5d-ac96-774b-bcce-b302099a8057","count":0,"total":1}""")]
    [InlineData("""{"type":"accept","id":"01890a5d-ac96-774b-bcce-b302099a8057","files":[-1]}""")]
    [InlineData("""{"type":"accept","id":"01890a5d-ac96-774b-bcce-b302099a8057","files":[[3,2]]}""")]
    [InlineData("""{"type":"accept","id":"01890a5d-ac96-774b-bcce-b302099a8057","files":[[0,2000000000]]}""")]
    [InlineData("""{"type":"accept","id":"01890a5d-ac96-774b-bcce-b302099a8057","files":[[0,200000],[0,200000]]}""")]
    [InlineData("""{"type":"accept","id":"01890a5d-ac96-774b-bcce-b302099a8057","files":[[1,2,3]]}""")]
    [InlineData("""{"type":"pause","id":"x"}""")]
    [InlineData("""{"type":"typing","type":"bye"}""")]
    public void What_is_not_a_message_is_refused(string json) =>
        Assert.False(ControlCodec.TryParse(Encoding.UTF8.GetBytes(json), out _));

    [Fact]
    public void Unknown_types_and_members_are_ignored_and_a_later_version_shows_its_number()
    {
        Assert.True(ControlCodec.TryParse("""{"type":"dance","style":"goat"}"""u8.ToArray(), out ControlMessage message));
        Assert.IsType<UnknownMessage>(message);
        Assert.True(ControlCodec.TryParse("""{"type":"hello","v":7,"anything":{}}"""u8.ToArray(), out message));
        Assert.Equal(7, Assert.IsType<HelloMessage>(message).V);
    }

    [Fact]
    public void Damaged_messages_never_throw()
    {
        var random = new Random(1);
        foreach (ControlMessage message in All)
        {
            byte[] bytes = ControlCodec.Encode(message);
            for (int i = 0; i < 2_000; i++)
            {
                byte[] damaged = bytes.AsSpan(0, random.Next(bytes.Length + 1)).ToArray();
                for (int j = random.Next(3); j > 0 && damaged.Length > 0; j--)
                {
                    damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                }

                _ = ControlCodec.TryParse(damaged, out _);
                _ = FileFrame.TryParse(damaged, out _);
            }
        }
    }

    [Fact]
    public void Manifests_are_paged_and_read_back()
    {
        ManifestEntry[] entries = [.. Enumerable.Range(0, 2000).Select(i => new ManifestEntry(i, $"folder {i % 7}/file {i} ünïcode.txt", i * 1000L, i, 0x1A4))];
        var read = new List<ManifestEntry>();
        byte[][] pages = [.. Manifest.WritePages(entries)];
        Assert.True(pages.Length > 1);
        foreach (byte[] page in pages)
        {
            Assert.InRange(page.Length, 1, FileFrame.MaxSmallLength);
            Assert.True(FileFrame.TryParse(page, out FileFrame frame));
            Assert.Equal(page == pages[^1] ? FileFrame.LastPage : 0, frame.Flags);
            Assert.True(Manifest.TryReadPage(page.AsMemory(FileFrame.ManifestHeaderLength), read));
        }

        Assert.Equal(entries, read);
    }
}
