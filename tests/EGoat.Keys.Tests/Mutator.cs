namespace EGoat.Keys.Tests;

/// <summary>Damages texts and bytes in the ways of networks, clipboards and attackers, the same for the same seed.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly string[] Odd = ["", "-", " ", "&", "=", "#", "%", "%00", "\0", "k=", "&k=", "e=", "cert=", "\ud800", "🐐", "\u202e", "999999999999", "-1", "goat", "http://", "@", "?", "~", new string('a', 3000)];
    private readonly Random _random = new(seed);

    public string Change(string text)
    {
        for (int times = _random.Next(1, 4); times > 0; times--)
        {
            int at = _random.Next(text.Length + 1);
            int length = _random.Next(Math.Min(text.Length - at, 8) + 1);
            string put = _random.Next(3) == 0 ? Odd[_random.Next(Odd.Length)] : _random.Next(2) == 0 ? ((char)_random.Next(0x10000)).ToString() : ((char)_random.Next(32, 127)).ToString();
            text = _random.Next(8) switch
            {
                0 => text[..at],
                1 => text[at..],
                2 => text + text[at..],
                _ => string.Concat(text.AsSpan(0, at), put, text.AsSpan(at + length)),
            };
        }

        return text;
    }

    public byte[] Change(byte[] bytes)
    {
        var changed = bytes.ToList();
        for (int times = _random.Next(1, 4); times > 0; times--)
        {
            int at = _random.Next(changed.Count + 1);
            switch (_random.Next(6))
            {
                case 0:
                    changed.RemoveRange(at, changed.Count - at);
                    break;
                case 1:
                    changed.Insert(at, (byte)_random.Next(256));
                    break;
                case 2 when at < changed.Count:
                    changed[at] = (byte)_random.Next(256);
                    break;
                case 3 when at < changed.Count:
                    changed[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 4 when at < changed.Count:
                    changed.RemoveAt(at);
                    break;
                default:
                    changed.AddRange(Enumerable.Repeat((byte)_random.Next(256), _random.Next(64)));
                    break;
            }
        }

        return [.. changed];
    }
}
