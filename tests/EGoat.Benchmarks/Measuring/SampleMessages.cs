namespace EGoat.Benchmarks.Measuring;

/// <summary>Messages of a dozen words each, the same in every run.</summary>
internal static class SampleMessages
{
    public const string Room = "room0";

    /// <summary>In one message of ten thousand.</summary>
    public const string RareWord = "capricorn";

    /// <summary>In one message of ten.</summary>
    public const string CommonWord = "goat";

    private const int RoomCount = 10;
    private const int IdentityCount = 50;
    private const int WordCount = 12;
    private const int VocabularySize = 5000;
    private const int RareInterval = 10_000;
    private const int CommonInterval = 10;

    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Messages number <paramref name="first"/> and following.</summary>
    public static IEnumerable<EGoatMessage> Create(int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            var random = new Random(i);
            DateTimeOffset at = Epoch.AddSeconds(i);
            string words = string.Join(' ', Enumerable.Range(0, WordCount).Select(_ => $"word{random.Next(VocabularySize)}"));
            yield return new EGoatMessage
            {
                Id = Guid.CreateVersion7(at).ToString(),
                Room = $"room{i % RoomCount}",
                From = $"name{i % IdentityCount}",
                FromIdentity = $"identity{i % IdentityCount}",
                Text = $"{words}{(i % CommonInterval == 0 ? $" {CommonWord}" : "")}{(i % RareInterval == 0 ? $" {RareWord}" : "")}",
                SentAt = at,
                ReceivedAt = at,
                Direction = EGoatDirection.Received,
            };
        }
    }
}
