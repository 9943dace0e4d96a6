# What the tests of the module share. Dot-source it in BeforeAll; Remove-Installation is for AfterAll.
$script:module = Join-Path $PSScriptRoot '..' '..' 'module' 'EGoat' | Resolve-Path
# How another console is started: as pwsh was, which is `dotnet pwsh.dll` where it is a .NET tool; by what hosts these tests, where
# no pwsh does.
$script:console = @(
    $self = (Get-Process -Id $PID).Path
    if ($env:EGOAT_TEST_CONSOLE) { 'dotnet', $env:EGOAT_TEST_CONSOLE }
    elseif ((Split-Path $self -LeafBase) -eq 'dotnet') { $self, [Environment]::GetCommandLineArgs()[0] }
    else { $self }
)
$script:homeBefore = $env:EGOAT_HOME
# Not TestDrive: it is emptied after each Describe, and the installation lives as long as the process.
$script:folder = [IO.Directory]::CreateTempSubdirectory('egoat-module-').FullName
$env:EGOAT_HOME = Join-Path $folder 'home'
Import-Module $module -Force

# Another console of another installation: runs a script with the module imported.
function Start-Console([string] $Name, [string] $Script) {
    $text = "`$ErrorActionPreference = 'Stop'; `$env:EGOAT_HOME = '$(Join-Path $folder $Name)'; Import-Module '$module'; $Script"
    $start = [System.Diagnostics.ProcessStartInfo]::new($console[0])
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    foreach ($argument in @($console | Select-Object -Skip 1) + '-NoProfile', '-NonInteractive', '-EncodedCommand', [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($text))) {
        $start.ArgumentList.Add($argument)
    }
    [System.Diagnostics.Process]::Start($start)
}

function Wait-Until([scriptblock] $Condition, [int] $Seconds = 120) {
    $end = [DateTime]::UtcNow.AddSeconds($Seconds)
    while (-not (& $Condition)) {
        if ([DateTime]::UtcNow -gt $end) { throw "It did not happen within $Seconds s: $Condition" }
        Start-Sleep -Milliseconds 50
    }
}

function Remove-Installation {
    Remove-Module EGoat -ErrorAction Ignore
    $env:EGOAT_HOME = $homeBefore
    Remove-Item -LiteralPath $folder -Recurse -Force
}
