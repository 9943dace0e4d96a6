using System.Text.Json;
using EGoat.Keys;

namespace EGoat.Mesh.Peers;

/// <summary>
/// Writes and reads introductions as the signaling server passes them on: in the clear in an open room, sealed in one with a key, where
/// nothing that is in the clear is taken (docs/protocol.md §2 and §5).
/// </summary>
/// <param name="seal">The seal of the room's key; null in an open room.</param>
internal sealed class IntroductionCodec(IntroductionSeal? seal)
{
    /// <summary>Whether introductions are sealed.</summary>
    public bool IsSealed => seal is not null;

    /// <summary>The JSON object of an introduction; null when the text is none.</summary>
    public static IntroductionJson? Read(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, IntroductionContext.Default.IntroductionJson);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes an introduction for a peer.</summary>
    public string Format(Introduction introduction, string to)
    {
        if (seal is null)
        {
            return introduction.Format();
        }

        IntroductionJson json = introduction.ToJson();
        string content = json.Sdp ?? json.Candidate ?? "";
        var sealedJson = new IntroductionJson { Kind = json.Kind, Session = json.Session, Sealed = seal.Seal(to, json.Kind, json.Session ?? "", content) };
        return JsonSerializer.Serialize(sealedJson, IntroductionContext.Default.IntroductionJson);
    }

    /// <summary>Reads what came from a peer; null when it is no introduction, or not sealed with the room's key for this side.</summary>
    public Introduction? Parse(string data, string from)
    {
        if (seal is null)
        {
            return Introduction.Parse(data);
        }

        if (Read(data) is not { } json || !seal.TryOpen(from, json.Kind, json.Session ?? "", json.Sealed, out string content))
        {
            return null;
        }

        return Introduction.FromJson(json.Kind switch
        {
            "offer" or "answer" => new IntroductionJson { Kind = json.Kind, Session = json.Session, Sdp = content },
            "candidate" => new IntroductionJson { Kind = json.Kind, Session = json.Session, Candidate = content },
            _ => new IntroductionJson { Kind = json.Kind, Session = json.Session },
        });
    }
}
