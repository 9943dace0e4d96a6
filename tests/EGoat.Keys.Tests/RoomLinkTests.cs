using System.Buffers.Text;
using System.Text.Json;

namespace EGoat.Keys.Tests;

/// <summary>Room keys and links to rooms.</summary>
public sealed class RoomLinkTests
{
    private static readonly string Key = Base64Url.EncodeToString(new byte[32]);
    private static readonly string Pin = Base64Url.EncodeToString(Enumerable.Repeat((byte)7, 32).ToArray());

    [Fact]
    public void The_id_that_a_server_sees_is_that_of_the_vectors()
    {
        foreach (var vector in Vectors.All("roomKeys"))
        {
            using var key = new RoomKey(vector.Bytes("key"));
            Assert.Equal(vector.Text("roomId"), key.RoomId);
            Assert.Equal(27, key.RoomId.Length);
        }
    }

    [Fact]
    public void New_keys_differ_and_renewing_leaves_nothing_of_the_old_one()
    {
        using var key = RoomKey.Create();
        using RoomKey other = RoomKey.Create();
        using RoomKey next = key.Renew();
        Assert.Equal(3, new[] { key.RoomId, other.RoomId, next.RoomId }.Distinct().Count());
        Assert.Equal((1u, 2u), (key.Epoch, next.Epoch));
        Assert.NotEqual(key, next);
        Assert.Equal(key, new RoomKey(key.Reveal()));
        Assert.NotEqual(key, new RoomKey(key.Reveal(), 2));
    }

    [Fact]
    public void Links_of_the_vectors_are_read_and_written()
    {
        foreach (var vector in Vectors.All("links"))
        {
            Assert.True(RoomLink.TryParse($"  {vector.Text("text")}\n", out RoomLink? link, out string error), error);
            Assert.Equal(vector.Text("server"), link.Server.AbsoluteUri);
            Assert.Equal(vector.Text("label"), link.Label);
            Assert.Equal(vector.Bytes("key"), link.Key.Reveal().ToArray());
            Assert.Equal((uint)vector.Number("epoch"), link.Key.Epoch);
            Assert.Equal(vector["cert"]?.GetValue<string>(), link.CertificatePin);
            Assert.Equal(vector.Text("text"), link.Reveal());
            Assert.True(RoomLink.IsMeant(vector.Text("text")));
        }
    }

    [Fact]
    public void A_link_is_made_of_a_server_with_its_pin()
    {
        RoomLink link = RoomLink.Create(new Uri($"https://192.0.2.1:4747/base/#cert={Pin}"), "lobby", RoomKey.Create());
        Assert.Equal($"https://192.0.2.1:4747/base/#cert={Pin}", link.PinnedServer.AbsoluteUri);
        Assert.True(RoomLink.TryParse(link.Reveal(), out RoomLink? read, out _));
        Assert.Equal((link.Key, link.Label, link.CertificatePin, link.Server), (read.Key, read.Label, read.CertificatePin, read.Server));
    }

    [Theory]
    [InlineData(null, "not a link")]
    [InlineData("", "not a link")]
    [InlineData("lobby", "not a link")]
    [InlineData("ftp://host/#room=a&k=K", "begins with https://")]
    [InlineData("https://host:4747/", "has no key")]
    [InlineData("https://host:4747/#room=lobby&cert=P", "has no key")]
    [InlineData("https://host:4747/#k=K", "what the room is called")]
    [InlineData("https://host:4747/#room=a%20b&k=K", "as a room may be")]
    [InlineData("https://host:4747/#room=a&k=short", "damaged")]
    [InlineData("https://host:4747/#room=a&k=K=", "damaged")]
    [InlineData("https://host:4747/#room=a&k=K&e=0", "damaged")]
    [InlineData("https://host:4747/#room=a&k=K&e=4294967296", "damaged")]
    [InlineData("https://host:4747/#room=a&k=K&cert=short", "cert= is damaged")]
    [InlineData("http://host:4747/#room=a&k=K&cert=P", "begins with http://")]
    [InlineData("https://host:4747/#room=a&k=K&k=K", "twice")]
    [InlineData("https://ada:pw@host:4747/#room=a&k=K", "user name or a query")]
    [InlineData("https://host:4747/?k=K#room=a&k=K", "user name or a query")]
    public void What_is_no_link_is_refused_with_the_reason_and_never_repeated(string? text, string reason)
    {
        text = text?.Replace("k=K", $"k={Key}", StringComparison.Ordinal).Replace("cert=P", $"cert={Pin}", StringComparison.Ordinal);
        Assert.False(RoomLink.TryParse(text, out _, out string error));
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_with_bits_beyond_its_key_is_damaged()
    {
        // 43 characters hold 258 bits: with the last two set the text is another way to write the same key.
        Assert.False(RoomLink.TryParse($"https://host/#room=a&k={Key[..^1]}B", out _, out string error));
        Assert.Contains("damaged", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_long_a_text_is_no_link() => Assert.False(RoomLink.TryParse($"https://host/#room=a&k={Key}&x={new string('x', RoomLink.MaxLength)}", out _, out _));

    [Theory]
    [InlineData("lobby", false)]
    [InlineData("https://host/", false)]
    [InlineData("https://host/#cert=x", false)]
    [InlineData("https://host/#room=a&k=", true)]
    public void A_damaged_link_is_still_meant_as_one(string text, bool isMeant) => Assert.Equal(isMeant, RoomLink.IsMeant(text));

    [Fact]
    public void No_key_gets_into_texts_or_JSON_by_accident()
    {
        RoomLink link = RoomLink.Create(new Uri("https://host/"), "lobby", RoomKey.Create());
        InviteCode code = InviteCode.Create(7);
        string words = code.Reveal()[2..];
        using Secret secret = Secret.Create(32);
        string key = Base64Url.EncodeToString(link.Key.Reveal());
        string hex = Convert.ToHexString(link.Key.Reveal());
        string base64 = Convert.ToBase64String(link.Key.Reveal());
        string shown = $"{link} {link.Key} {code} {secret}";
        Assert.All(new[] { key, hex, base64, words, Convert.ToBase64String(secret.Reveal()) }, s => Assert.DoesNotContain(s, shown, StringComparison.OrdinalIgnoreCase));
        Assert.Contains(words, code.Reveal(), StringComparison.Ordinal);
        Assert.All(new object[] { link, link.Key, code, secret }, o => Assert.Throws<InvalidOperationException>(() => JsonSerializer.Serialize(o, o.GetType())));
    }

    [Fact]
    public void A_secret_that_is_disposed_of_is_gone()
    {
        var secret = new Secret([1, 2, 3]);
        Assert.Equal(secret, new Secret([1, 2, 3]));
        Assert.NotEqual(secret, new Secret([1, 2, 4]));
        secret.Dispose();
        Assert.Equal([0, 0, 0], secret.Reveal().ToArray());
    }

    [Fact]
    public void Fifty_thousand_damaged_links_are_read_or_refused()
    {
        var mutator = new Mutator(1);
        string[] seeds = [.. Vectors.All("links").Select(v => v.Text("text"))];
        for (int i = 0; i < Testing.LongRun.Choose(50_000, 1_000_000); i++)
        {
            string text = mutator.Change(seeds[i % seeds.Length]);
            bool isLink = RoomLink.TryParse(text, out RoomLink? link, out string error);
            Assert.Equal(isLink, error.Length == 0);
            Assert.True(!isLink || RoomLink.TryParse(link!.Reveal(), out _, out _), text);
        }
    }
}
