using System.Buffers.Text;

namespace EGoat.Keys.Tests;

/// <summary>Sealed introductions, and what a server can do to them.</summary>
public sealed class IntroductionSealTests
{
    private const string A = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string Z = "zzzzzzzzzzzzzzzzzzzzzzzzzz";
    private const string Other = "bbbbbbbbbbbbbbbbbbbbbbbbbb";
    private readonly RoomKey _key = RoomKey.Create();
    private readonly IntroductionSeal _a;
    private readonly IntroductionSeal _z;

    public IntroductionSealTests()
    {
        _a = new IntroductionSeal(_key, A);
        _z = new IntroductionSeal(_key, Z);
    }

    [Fact]
    public void What_is_sealed_for_a_peer_opens_there()
    {
        string text = _a.Seal(Z, "offer", "s1", "v=0 🐐");
        Assert.True(_z.TryOpen(A, "offer", "s1", text, out string content));
        Assert.Equal("v=0 🐐", content);
        Assert.Equal(1, _z.Count(SealOutcome.Opened));
        Assert.True(_z.TryOpen(A, "restart", "", _a.Seal(Z, "restart", "", ""), out content));
        Assert.Equal("", content);
    }

    [Fact]
    public void The_vectors_are_sealed_and_opened()
    {
        foreach (var vector in Vectors.All("seals"))
        {
            var key = new RoomKey(vector.Bytes("key"), (uint)vector.Number("epoch"));
            var from = new IntroductionSeal(key, vector.Text("from"));
            var to = new IntroductionSeal(key, vector.Text("to"));
            Assert.Equal(vector.Text("sealed"), from.Seal(vector.Text("to"), vector.Text("kind"), vector.Text("session"), vector.Text("content"), vector.Bytes("salt")));
            Assert.True(to.TryOpen(vector.Text("from"), vector.Text("kind"), vector.Text("session"), vector.Text("sealed"), out string content));
            Assert.Equal(vector.Text("content"), content);
        }
    }

    [Theory]
    [InlineData(Other, "offer", "s1", SealOutcome.Forged)]
    [InlineData(A, "answer", "s1", SealOutcome.Forged)]
    [InlineData(A, "offer", "s2", SealOutcome.Forged)]
    [InlineData(A, "offers", "1", SealOutcome.Forged)]
    [InlineData(Z, "offer", "s1", SealOutcome.OwnSender)]
    public void A_server_cannot_say_that_it_is_from_another_or_something_else(string from, string kind, string session, SealOutcome outcome)
    {
        string text = _a.Seal(Z, "offer", "s1", "v=0");
        Assert.False(_z.TryOpen(from, kind, session, text, out string content));
        Assert.Equal("", content);
        Assert.Equal(1, _z.Count(outcome));
        Assert.True(_z.TryOpen(A, "offer", "s1", text, out _));
    }

    [Fact]
    public void A_server_cannot_redirect_it_or_send_it_back()
    {
        string text = _a.Seal(Z, "offer", "s1", "v=0");
        var other = new IntroductionSeal(_key, Other);
        Assert.False(other.TryOpen(A, "offer", "s1", text, out _));
        Assert.Equal(1, other.Count(SealOutcome.Forged));
        Assert.False(_a.TryOpen(Z, "offer", "s1", text, out _));
        Assert.Equal(1, _a.Count(SealOutcome.Forged));
        Assert.False(_a.TryOpen(A, "offer", "s1", text, out _));
        Assert.Equal(1, _a.Count(SealOutcome.OwnSender));
    }

    [Fact]
    public void What_was_opened_does_not_open_again()
    {
        string text = _a.Seal(Z, "offer", "s1", "v=0");
        Assert.True(_z.TryOpen(A, "offer", "s1", text, out _));
        Assert.False(_z.TryOpen(A, "offer", "s1", text, out string content));
        Assert.Equal("", content);
        Assert.Equal(1, _z.Count(SealOutcome.Replayed));
    }

    [Fact]
    public void Replays_are_known_within_a_window_that_only_members_fill()
    {
        string first = _a.Seal(Z, "candidate", "s", "0");
        Assert.True(_z.TryOpen(A, "candidate", "s", first, out _));
        for (int i = 1; i < ReplayWindow.MaxSalts; i++)
        {
            Assert.True(_z.TryOpen(A, "candidate", "s", _a.Seal(Z, "candidate", "s", "x"), out _));
            Assert.False(_z.TryOpen(A, "candidate", "s", "AgAAAAE" + new string('A', 100), out _));
        }

        Assert.False(_z.TryOpen(A, "candidate", "s", first, out _));
        Assert.Equal(1, _z.Count(SealOutcome.Replayed));
    }

    [Fact]
    public void The_window_is_bounded_in_both_directions()
    {
        var window = new ReplayWindow();
        var random = new Random(4);
        var salt = new byte[32];
        for (int peer = 0; peer < 2 * ReplayWindow.MaxPeers; peer++)
        {
            for (int i = 0; i < (peer == 0 ? 2 * ReplayWindow.MaxSalts : 4); i++)
            {
                random.NextBytes(salt);
                Assert.True(window.TryAdd($"p{peer}", salt));
                Assert.False(window.TryAdd($"p{peer}", salt));
            }
        }

        Assert.InRange(window.Count, ReplayWindow.MaxPeers, ReplayWindow.MaxPeers + (4 * ReplayWindow.MaxPeers));
    }

    [Fact]
    public void Another_key_epoch_or_version_opens_nothing()
    {
        string text = _a.Seal(Z, "offer", "s1", "v=0");
        Assert.False(new IntroductionSeal(RoomKey.Create(), Z).TryOpen(A, "offer", "s1", text, out _));
        var next = new IntroductionSeal(new RoomKey(_key.Reveal(), 2), Z);
        Assert.False(next.TryOpen(A, "offer", "s1", text, out _));
        Assert.Equal(1, next.Count(SealOutcome.OtherEpoch));
        byte[] bytes = Base64Url.DecodeFromChars(text);
        bytes[0]++;
        Assert.False(_z.TryOpen(A, "offer", "s1", Base64Url.EncodeToString(bytes), out _));
        Assert.Equal(1, _z.Count(SealOutcome.OtherVersion));
        bytes[0]--;
        bytes[4] = 2;
        Assert.False(next.TryOpen(A, "offer", "s1", Base64Url.EncodeToString(bytes), out _));
        Assert.Equal(1, next.Count(SealOutcome.Forged));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("v=0\r\n")]
    [InlineData("{\"kind\":\"offer\"}")]
    [InlineData("AgAAAAE")]
    public void What_is_not_sealed_is_malformed(string? text)
    {
        Assert.False(_z.TryOpen(A, "offer", "s1", text, out _));
        Assert.Equal(1, _z.Count(SealOutcome.Malformed));
    }

    [Fact]
    public void Lengths_are_bounded()
    {
        Assert.Throws<ArgumentException>(() => _a.Seal(Z, "offer", "s", new string('x', IntroductionSeal.MaxContentBytes + 1)));
        string longest = _a.Seal(Z, "offer", "s", new string('x', IntroductionSeal.MaxContentBytes));
        Assert.InRange(longest.Length, 1, 48 * 1024);
        Assert.True(_z.TryOpen(A, "offer", "s", longest, out _));
        Assert.False(_z.TryOpen(A, "offer", "s", new string('A', 100_000), out _));
        Assert.False(_z.TryOpen(A, "offer", new string('s', 65), _a.Seal(Z, "offer", new string('s', 65), ""), out _));
        Assert.Equal(2, _z.Count(SealOutcome.Malformed));
    }

    [Fact]
    public void No_two_seals_are_alike() => Assert.NotEqual(_a.Seal(Z, "offer", "s", "x"), _a.Seal(Z, "offer", "s", "x"));

    [Fact]
    public void Whatever_is_changed_in_a_sealed_introduction_it_does_not_open()
    {
        var mutator = new Mutator(2);
        byte[] bytes = Base64Url.DecodeFromChars(_a.Seal(Z, "offer", "s1", "v=0 and more"));
        for (int i = 0; i < Testing.LongRun.Choose(50_000, 1_000_000); i++)
        {
            byte[] changed = mutator.Change(bytes);
            string text = i % 4 == 0 ? mutator.Change(Base64Url.EncodeToString(bytes)) : Base64Url.EncodeToString(changed);
            bool isSame = Base64Url.IsValid(text) && Base64Url.DecodeFromChars(text).AsSpan().SequenceEqual(bytes);
            Assert.True(isSame || !_z.TryOpen(A, "offer", "s1", text, out _), text);
        }

        Assert.Equal(0, _z.Count(SealOutcome.Opened));
    }
}
