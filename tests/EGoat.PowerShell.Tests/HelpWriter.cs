using System.Globalization;
using System.Management.Automation;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using EGoat.PowerShell.Commands;

namespace EGoat.PowerShell.Tests;

/// <summary>
/// Writes the help of the cmdlets as PowerShell reads it (MAML): what their documentation comments and attributes say. A
/// comment's first sentence is the synopsis.
/// </summary>
internal sealed partial class HelpWriter
{
    private const string Maml = "http://schemas.microsoft.com/maml/2004/10";
    private const string Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private const string Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    private static readonly Assembly Cmdlets = typeof(SendEGoatFile).Assembly;

    private static readonly HelpParameter[] ShouldProcessParameters =
    [
        new("WhatIf", "Shows what would be done, and does nothing.", "SwitchParameter", Aliases: "wi"),
        new("Confirm", "Asks before it does anything.", "SwitchParameter", Aliases: "cf"),
    ];

    private static readonly HelpParameter[] PagingParameters =
    [
        new("First", "Only so many.", "UInt64"),
        new("Skip", "Not the first so many.", "UInt64"),
        new("IncludeTotalCount", "Has no effect: how many there are is not known beforehand.", "SwitchParameter"),
    ];

    private readonly XmlWriter _xml;
    private readonly Dictionary<string, XElement> _comments;

    private HelpWriter(XmlWriter xml)
    {
        _xml = xml;
        XDocument comments = XDocument.Load(Path.ChangeExtension(Cmdlets.Location, ".xml"));
        _comments = comments.Descendants("member").ToDictionary(m => m.Attribute("name")!.Value);
    }

    /// <summary>The help of all cmdlets, as text.</summary>
    public static string Write()
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, NewLineHandling = NewLineHandling.None }))
        {
            new HelpWriter(xml).WriteAll();
        }

        return $"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{text}\n";
    }

    private void WriteAll()
    {
        _xml.WriteStartElement("helpItems", "http://msh");
        _xml.WriteAttributeString("schema", "maml");
        foreach (Type cmdlet in Cmdlets.GetTypes().Where(t => t.IsDefined(typeof(CmdletAttribute))).OrderBy(GetName, StringComparer.Ordinal))
        {
            WriteCommand(cmdlet);
        }

        NewLine();
        _xml.WriteEndElement();
    }

    private void WriteCommand(Type cmdlet)
    {
        XElement comment = _comments[$"T:{cmdlet.FullName}"];
        CmdletAttribute attribute = cmdlet.GetCustomAttribute<CmdletAttribute>()!;
        string summary = ReadText(comment.Element("summary")!);
        HelpParameter[] parameters = [.. FindParameters(cmdlet, attribute)];
        NewLine();
        _xml.WriteStartElement("command", "command", Command);
        _xml.WriteAttributeString("xmlns", "maml", null, Maml);
        _xml.WriteAttributeString("xmlns", "dev", null, Dev);
        Start("details", Command);
        Write("name", Command, GetName(cmdlet));
        Write("verb", Command, attribute.VerbName);
        Write("noun", Command, attribute.NounName);
        WriteDescription(FirstSentence().Match(summary).Value);
        End();
        NewLine();
        WriteDescription(summary);
        WriteSyntax(cmdlet, attribute, parameters);
        NewLine();
        Start("parameters", Command);
        Array.ForEach(parameters, WriteParameter);
        End();
        NewLine();
        Start("returnValues", Command);
        foreach (Type type in cmdlet.GetCustomAttributes<OutputTypeAttribute>().SelectMany(o => o.Type).Select(t => t.Type).Distinct())
        {
            Start("returnValue", Command);
            WriteType(type.FullName!);
            End();
        }

        End();
        WriteExamples(comment);
        NewLine();
        End();
    }

    private void WriteSyntax(Type cmdlet, CmdletAttribute attribute, HelpParameter[] parameters)
    {
        NewLine();
        Start("syntax", Command);
        string[] sets = [.. parameters.SelectMany(p => p.Sets.Keys).Where(s => s != ParameterAttribute.AllParameterSets).Distinct().OrderBy(s => s != attribute.DefaultParameterSetName)];
        foreach (string set in sets.Length > 0 ? sets : [ParameterAttribute.AllParameterSets])
        {
            NewLine();
            Start("syntaxItem", Command);
            Write("name", Maml, GetName(cmdlet));

            // A position below 0 is none: such parameters are named, and come last.
            foreach (HelpParameter parameter in parameters.Where(p => p.IsIn(set)).OrderBy(p => (uint)p.In(set).Position))
            {
                WriteParameter(parameter, parameter.In(set), isSyntax: true);
            }

            End();
        }

        End();
    }

    private void WriteParameter(HelpParameter parameter) => WriteParameter(parameter, parameter.Sets.Values.First(), isSyntax: false);

    private void WriteParameter(HelpParameter parameter, ParameterAttribute attribute, bool isSyntax)
    {
        NewLine();
        Start("parameter", Command);
        _xml.WriteAttributeString("required", attribute.Mandatory ? "true" : "false");
        _xml.WriteAttributeString("variableLength", parameter.TypeName.EndsWith("[]", StringComparison.Ordinal) ? "true" : "false");
        _xml.WriteAttributeString("globbing", parameter.TakesWildcards ? "true" : "false");
        _xml.WriteAttributeString("pipelineInput", (attribute.ValueFromPipeline, attribute.ValueFromPipelineByPropertyName) switch
        {
            (true, _) => "True (ByValue)",
            (_, true) => "True (ByPropertyName)",
            _ => "False",
        });
        _xml.WriteAttributeString("position", attribute.Position < 0 ? "named" : attribute.Position.ToString(CultureInfo.InvariantCulture));
        _xml.WriteAttributeString("aliases", parameter.Aliases);
        Write("name", Maml, parameter.Name);
        if (!isSyntax)
        {
            WriteDescription(parameter.Description);
        }

        if (!(isSyntax && parameter.TypeName == "SwitchParameter"))
        {
            Start("parameterValue", Command);
            _xml.WriteAttributeString("required", parameter.TypeName == "SwitchParameter" ? "false" : "true");
            _xml.WriteString(parameter.TypeName);
            End();
        }

        if (!isSyntax)
        {
            WriteType(parameter.TypeName);
        }

        End();
    }

    private void WriteExamples(XElement comment)
    {
        NewLine();
        Start("examples", Command);
        int number = 0;
        foreach (XElement example in comment.Elements("example"))
        {
            XElement code = example.Element("code")!;
            var rest = new XElement("text", example.Nodes().Where(n => n != code));
            NewLine();
            Start("example", Command);
            Write("title", Maml, $"Example {++number}");
            Write("code", Dev, string.Join('\n', code.Value.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)));
            Start("remarks", Dev);
            Write("para", Maml, ReadText(rest));
            End();
            End();
        }

        End();
    }

    private IEnumerable<HelpParameter> FindParameters(Type cmdlet, CmdletAttribute attribute)
    {
        foreach (PropertyInfo property in cmdlet.GetProperties().Where(p => p.IsDefined(typeof(ParameterAttribute))).OrderBy(p => p.MetadataToken))
        {
            Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            string description = ReadText(_comments[$"P:{property.DeclaringType!.FullName}.{property.Name}"].Element("summary")!);
            string[] values = type.GetElementType() is { IsEnum: true } element ? Enum.GetNames(element)
                : [.. property.GetCustomAttribute<ValidateSetAttribute>()?.ValidValues ?? []];
            yield return new HelpParameter(
                property.Name,
                values.Length > 0 ? $"{description} One of {string.Join(", ", values)}." : description,
                type.Name,
                property.IsDefined(typeof(SupportsWildcardsAttribute)),
                property.GetCustomAttribute<AliasAttribute>() is { } alias ? string.Join(", ", alias.AliasNames) : "none",
                property.GetCustomAttributes<ParameterAttribute>().ToDictionary(p => p.ParameterSetName));
        }

        foreach (HelpParameter parameter in (attribute.SupportsPaging ? PagingParameters : []).Concat(attribute.SupportsShouldProcess ? ShouldProcessParameters : []))
        {
            yield return parameter;
        }
    }

    private void WriteType(string name)
    {
        Start("type", Dev);
        Write("name", Maml, name);
        End();
    }

    private void WriteDescription(string text)
    {
        Start("description", Maml);
        Write("para", Maml, text);
        End();
    }

    private void Start(string name, string ns) => _xml.WriteStartElement(name, ns);

    private void End() => _xml.WriteEndElement();

    private void Write(string name, string ns, string text) => _xml.WriteElementString(name, ns, text);

    private void NewLine() => _xml.WriteWhitespace("\n");

    private static string GetName(Type cmdlet)
    {
        CmdletAttribute attribute = cmdlet.GetCustomAttribute<CmdletAttribute>()!;
        return $"{attribute.VerbName}-{attribute.NounName}";
    }

    private static string ReadText(XElement element) => Blank().Replace(element.Value, " ").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blank();

    [GeneratedRegex(@"^.*?(\.(?= )|$|(?=[;:] ))")]
    private static partial Regex FirstSentence();

    private sealed record HelpParameter(
        string Name, string Description, string TypeName, bool TakesWildcards = false, string Aliases = "none", Dictionary<string, ParameterAttribute>? Attributes = null)
    {
        public Dictionary<string, ParameterAttribute> Sets { get; } = Attributes ?? new() { [ParameterAttribute.AllParameterSets] = new ParameterAttribute() };

        public bool IsIn(string set) => Sets.ContainsKey(set) || Sets.ContainsKey(ParameterAttribute.AllParameterSets);

        public ParameterAttribute In(string set) => Sets.TryGetValue(set, out ParameterAttribute? own) ? own : Sets[ParameterAttribute.AllParameterSets];
    }
}
