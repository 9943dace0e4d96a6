using System.Text;

namespace EGoat.Terminal.Tests;

public sealed class KeyDecoderTests
{
    [Fact]
    public void What_is_cut_anywhere_is_the_same()
    {
        byte[] bytes = Encoding.UTF8.GetBytes("aé山👍\e[A\e[1;5C\eb\r\e\r\e[200~/quit\r\nline \e[31m two\e[20\e[201~x\e[3~\e[99;5;7z");
        List<TerminalInput> whole = Decode([bytes]);
        for (int cut = 1; cut < bytes.Length; cut++)
        {
            Assert.Equal(Merge(whole), Merge(Decode([bytes[..cut], bytes[cut..]])));
        }

        Assert.Equal(Merge(whole), Merge(Decode(bytes.Select(b => new[] { b }))));
        Assert.Equal(
            [
                new(EditorKey.Text, "aé山👍"), new(EditorKey.Up), new(EditorKey.WordRight), new(EditorKey.WordLeft), new(EditorKey.Enter), new(EditorKey.NewLine),
                new(EditorKey.Paste, "/quit\nline \e[31m two\e[20"), new(EditorKey.Text, "x"), new(EditorKey.Delete),
            ],
            whole);
    }

    [Fact]
    public void A_lone_escape_is_a_key_when_nothing_follows()
    {
        var decoder = new KeyDecoder();
        var keys = new List<TerminalInput>();
        decoder.Decode("\e"u8, keys);
        Assert.Empty(keys);
        Assert.True(decoder.IsInSequence);
        decoder.Flush(keys);
        Assert.Equal([new TerminalInput(EditorKey.Escape)], keys);
    }

    [Fact]
    public void Bytes_that_are_no_UTF_8_and_sequences_that_never_end_harm_nothing()
    {
        var random = new Random(7);
        var decoder = new KeyDecoder();
        var keys = new List<TerminalInput>();
        var bytes = new byte[1000];
        for (int i = 0; i < 1000; i++)
        {
            random.NextBytes(bytes);
            decoder.Decode(bytes, keys);
            keys.Clear();
        }

        decoder.Decode("\e[201~"u8, keys);
        decoder.Flush(keys);
        keys.Clear();
        decoder.Decode("ok"u8, keys);
        Assert.Equal(new TerminalInput(EditorKey.Text, "ok"), keys[^1]);
    }

    [Fact]
    public void A_paste_is_bounded()
    {
        var decoder = new KeyDecoder();
        var keys = new List<TerminalInput>();
        decoder.Decode("\e[200~"u8, keys);
        var block = new byte[1024 * 1024];
        Array.Fill(block, (byte)'x');
        for (int i = 0; i < 6; i++)
        {
            decoder.Decode(block, keys);
        }

        decoder.Decode("\e[201~"u8, keys);
        Assert.Equal(KeyDecoder.MaxPasteBytes, Assert.Single(keys).Text.Length);
    }

    private static List<TerminalInput> Decode(IEnumerable<byte[]> parts)
    {
        var decoder = new KeyDecoder();
        var keys = new List<TerminalInput>();
        foreach (byte[] part in parts)
        {
            decoder.Decode(part, keys);
        }

        decoder.Flush(keys);
        return keys;
    }

    // Text that came in several parts.
    private static List<TerminalInput> Merge(List<TerminalInput> keys)
    {
        var merged = new List<TerminalInput>();
        foreach (TerminalInput key in keys)
        {
            if (key.Key == EditorKey.Text && merged.Count > 0 && merged[^1].Key == EditorKey.Text)
            {
                merged[^1] = new TerminalInput(EditorKey.Text, merged[^1].Text + key.Text);
            }
            else
            {
                merged.Add(key);
            }
        }

        return merged;
    }
}
