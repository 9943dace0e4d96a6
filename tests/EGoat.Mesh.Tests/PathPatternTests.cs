using EGoat.Mesh.Transfers;

namespace EGoat.Mesh.Tests;

public sealed class PathPatternTests
{
    [Theory]
    [InlineData("tree/sub/goat.log", "*.log", "", true)]
    [InlineData("tree/sub/goat.LOG", "*.log", "", true)]
    [InlineData("tree/sub/goat.txt", "*.log", "", false)]
    [InlineData("tree/sub/goat.log", "tree/*", "", true)]
    [InlineData("tree/sub/goat.log", "sub/*", "", false)]
    [InlineData("tree/sub/goat.log", "g??t.log", "", true)]
    [InlineData("tree/sub/goat.log", "", "sub", false)]
    [InlineData("tree/sub/goat.log", "", "tree/sub/", false)]
    [InlineData("tree/sub/goat.log", "", "tree\\sub", false)]
    [InlineData("tree/sub/goat.log", "*.log", "goat*", false)]
    [InlineData("tree/submarine/goat.log", "", "sub", true)]
    [InlineData("tree/[a].log", "[a].log", "", true)]
    public void Patterns_choose_by_name_or_by_path(string path, string include, string exclude, bool expected) =>
        Assert.Equal(expected, PathPattern.Selects(path, include.Length == 0 ? [] : [include], exclude.Length == 0 ? [] : [exclude]));
}
