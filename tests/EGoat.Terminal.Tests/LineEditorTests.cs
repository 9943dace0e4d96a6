namespace EGoat.Terminal.Tests;

public sealed class LineEditorTests
{
    private readonly LineEditor _editor = new();

    [Theory]
    [InlineData("one two three\x17", "one two |")]
    [InlineData("one two three\x17\x17", "one |")]
    [InlineData("one two\e[D\e[D\x17", "one |wo")]
    [InlineData("one two\x15", "|")]
    [InlineData("one two\x01\x0b", "|")]
    [InlineData("one two\x01new \x05!", "new one two!|")]
    [InlineData("one two\e[1;5Dx", "one x|two")]
    [InlineData("one two\eb\eb\efx", "one x|two")]
    [InlineData("one two\e[H\e[3~\e[3~", "|e two")]
    [InlineData("one two\eOH\ed", "|two")]
    [InlineData("one two\x17\x01\x19", "two|one ")]
    [InlineData("ab\x02\x08" + "c\x06" + "d", "cbd|")]
    [InlineData("first\e\rsecond\e[Ax", "firstx|\nsecond")]
    [InlineData("first\nsecond\e[H!", "first\n!|second")]
    [InlineData("山田\x7f", "山|")]
    [InlineData("a👨‍👩‍👧b\e[D\x7f", "a|b")]
    [InlineData("e\u0301\x7fx", "x|")]
    [InlineData("ab\x04\x01\x04", "|b")]
    public void Keys_do_what_they_do_in_PSReadLine(string keys, string expected)
    {
        Type(keys);
        Assert.Equal(expected, _editor.Text.Insert(_editor.Cursor, "|"));
    }

    [Fact]
    public void Up_and_down_go_through_what_was_sent_and_come_back_to_the_draft()
    {
        Submit("one");
        Submit("two");
        Submit("two");
        Type("draft\e[A");
        Assert.Equal("two", _editor.Text);
        Type("\e[A\e[A\e[A");
        Assert.Equal("one", _editor.Text);
        Type("\e[B\e[B\e[B");
        Assert.Equal("draft", _editor.Text);
    }

    [Fact]
    public void A_text_that_is_too_long_is_cut_and_the_editor_goes_on()
    {
        Assert.Equal(EditorResult.Changed, _editor.Apply(new TerminalInput(EditorKey.Paste, new string('x', LineEditor.MaxLength + 10))));
        Assert.Equal(LineEditor.MaxLength, _editor.Text.Length);
        Type("\x15");
        Assert.Equal("", _editor.Text);
    }

    [Fact]
    public void The_cursor_is_never_inside_a_cluster()
    {
        var random = new Random(5);
        string[] keys = ["a", "山", "👨‍👩‍👧", "e\u0301", "\n", "\e[A", "\e[B", "\e[D", "\e[C", "\x7f", "\x04", "\x17", "\x01", "\x05", "\eb", "\ef", " "];
        for (int i = 0; i < 20_000; i++)
        {
            Type(keys[random.Next(keys.Length)]);
            int[] borders = [.. System.Globalization.StringInfo.ParseCombiningCharacters(_editor.Text), _editor.Text.Length];
            Assert.True(borders.Contains(_editor.Cursor), $"step {i}: {_editor.Cursor} in {_editor.Text}");
        }
    }

    private void Submit(string text)
    {
        Type(text + "\r");
        _editor.Submit();
    }

    private void Type(string keys)
    {
        var decoder = new KeyDecoder();
        var inputs = new List<TerminalInput>();
        decoder.Decode(System.Text.Encoding.UTF8.GetBytes(keys), inputs);
        decoder.Flush(inputs);
        inputs.ForEach(i => _editor.Apply(i));
    }
}
