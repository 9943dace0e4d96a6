using System.CommandLine;

namespace EGoat.Cli;

/// <summary>Examples of each command, for its help.</summary>
internal static class HelpTexts
{
    public static IReadOnlyList<string> GetExamples(Command command) => command switch
    {
        RootCommand => ["egoat serve", "egoat receive --server http://127.0.0.1:4747 --room lobby --output inbox", "egoat send --server http://127.0.0.1:4747 --room lobby holiday.zip", "egoat config server http://127.0.0.1:4747"],
        { Name: "demo" } => ["egoat demo", "egoat demo --mib 1024"],
        { Name: "serve" } => ["egoat serve", "egoat serve --listen 192.168.1.10:4747", "egoat serve --ice-server stun:stun.example.org"],
        { Name: "invite" } => ["egoat invite --server https://192.168.1.10:4747/#cert=PIN --label goats", "egoat receive --room 'LINK' --output inbox"],
        { Name: "chat" } => ["egoat chat --server http://127.0.0.1:4747 --room lobby", "egoat chat --server http://127.0.0.1:4747 --room lobby --output inbox --ask", "dmesg --follow | egoat chat --server http://127.0.0.1:4747 --room logs --json"],
        { Name: "send" } => ["egoat send --server URL --room lobby report.pdf photos --recurse", "egoat send --server URL --room lobby --text 'Lunch?' --to anna", "pg_dump shop | egoat send --server URL --room backup - --file-name shop.sql", "egoat send --server URL --room lobby -- -odd-name.txt"],
        { Name: "receive" } => ["egoat receive --server URL --room lobby --output inbox", "egoat receive --server URL --room backup --stdout | psql shop", "egoat receive --server URL --room lobby --output inbox --files 2 --json"],
        { Name: "history" } => ["egoat history --room lobby --newest --take 20", "egoat history --text lunch --since 2026-01-01", "egoat history --files --newest", "egoat history --json | jq -r .text"],
        { Name: "hash" } => ["egoat hash holiday.zip", "egoat hash photos", "tar c photos | egoat hash -"],
        { Name: "config" } => ["egoat config server http://127.0.0.1:4747", "egoat config --list", "egoat config server --unset"],
        { Name: "completion" } => ["egoat completion bash > ~/.local/share/bash-completion/completions/egoat"],
        { Name: "man" } => ["egoat man > ~/.local/share/man/man1/egoat.1"],
        _ => [],
    };
}
