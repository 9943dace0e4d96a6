namespace EGoat.Terminal;

/// <summary>What may stand in place of a part of a text.</summary>
/// <param name="Start">Where the part begins.</param>
/// <param name="Length">How long it is.</param>
/// <param name="Candidates">What may stand there, each as a whole.</param>
public sealed record Completion(int Start, int Length, IReadOnlyList<string> Candidates)
{
    /// <summary>Candidates that are listed.</summary>
    public const int MaxShown = 50;

    /// <summary>What all candidates begin with.</summary>
    public string CommonPrefix
    {
        get
        {
            string first = Candidates[0];
            int length = first.Length;
            foreach (string candidate in Candidates)
            {
                int same = 0;
                while (same < Math.Min(length, candidate.Length) && candidate[same] == first[same])
                {
                    same++;
                }

                length = same;
            }

            return first[..length];
        }
    }
}
