using System.Security.Cryptography;

namespace EGoat.Web;

/// <summary>The bearer token of the REST API: kept beside the identity, so that a page that is open survives a restart of the server.</summary>
internal static class PageToken
{
    private const string FileName = "page.token";
    private const int TokenBytes = 24;

    /// <summary>Loads the token of a folder, or makes it; without a folder it is a new one.</summary>
    public static string LoadOrCreate(string? folder)
    {
        if (folder is null)
        {
            return Create();
        }

        string path = Path.Combine(folder, FileName);
        try
        {
            if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: TokenBytes * 2 } kept && kept.All(char.IsAsciiHexDigitLower))
            {
                PrivateFile.Restrict(path);
                return kept;
            }

            string token = Create();
            PrivateFile.Write(path, System.Text.Encoding.ASCII.GetBytes(token));
            return token;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SignalingServerException($"The token of the page, '{path}', cannot be read or written: {e.Message}", e);
        }
    }

    private static string Create() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes));
}
