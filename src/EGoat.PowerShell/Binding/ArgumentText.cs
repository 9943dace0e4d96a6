using System.Collections;
using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>Turns objects that are given for a text parameter into what they are named by.</summary>
internal static class ArgumentText
{
    /// <summary>Replaces each object, in an array too, that a function knows; anything else stays for the usual conversions.</summary>
    public static object? Map(object? argument, Func<object, string?> name)
    {
        object? value = argument is PSObject wrapped ? wrapped.BaseObject : argument;
        return value switch
        {
            null or string => argument,
            IList items => items.Cast<object?>().Select(i => i is null ? null : Map(i, name)).ToArray(),
            _ => name(value) ?? argument,
        };
    }
}
