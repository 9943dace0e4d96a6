#!/usr/bin/env pwsh
#Requires -Version 7.4
<#
.SYNOPSIS
    Builds, tests and packages E-Goat. Thin over dotnet.
.PARAMETER Task
    Build    the solution, which also stages module/EGoat/bin.
    Test     all tests; those of the module run in a PowerShell that the tests host.
    Pester   the module's tests in this PowerShell (Pester 6 or later must be installed).
    Package  under artifacts/: the module for all platforms as a nupkg that a gallery or a folder repository takes; and the module
             and the egoat program for one runtime, compiled ahead.
.EXAMPLE
    ./build.ps1 -Task Test
#>
[CmdletBinding()]
param(
    [ValidateSet('Build', 'Test', 'Pester', 'Package')]
    [string] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release',

    # The runtime identifier that the module and the program are packaged for.
    [string] $Runtime = [System.Runtime.InteropServices.RuntimeInformation]::RuntimeIdentifier
)

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
Set-Location -LiteralPath $PSScriptRoot

function Invoke-ModuleTest {
    Import-Module Pester -MinimumVersion 6.0
    $result = Invoke-Pester -Path tests/Module -PassThru
    "Pester: $($result.PassedCount) passed, $($result.FailedCount) failed, $($result.SkippedCount) skipped"
    if ($result.Result -ne 'Passed' -or $result.PassedCount -eq 0) {
        throw 'Pester found failures, or no test ran.'
    }
}

# The module with its assemblies compiled ahead for one runtime (ReadyToRun). Built, it is for all, and compiles when it is used.
function Publish-Module {
    $published = 'artifacts/ready-to-run'
    $module = "artifacts/$Runtime/EGoat"
    dotnet publish src/EGoat.PowerShell -c $Configuration -r $Runtime --no-self-contained -p:PublishReadyToRun=true -o $published
    Remove-Item $module -Recurse -Force -ErrorAction Ignore
    New-Item -ItemType Directory -Force $module | Out-Null
    Copy-Item module/EGoat/* $module -Recurse
    foreach ($assembly in Get-ChildItem $module/bin/*.dll) {
        Copy-Item -LiteralPath (Join-Path $published $assembly.Name) -Destination $assembly.FullName
    }
    $archive = Join-Path $PSScriptRoot "artifacts/EGoat-$Runtime.zip"
    Remove-Item $archive -ErrorAction Ignore
    [System.IO.Compression.ZipFile]::CreateFromDirectory((Resolve-Path $module), $archive, 'Optimal', $true)
    Remove-Item $published -Recurse
}

# The module for all platforms, as a package. Install-PSResource installs it from a gallery or from a folder that is registered as one.
function Publish-ModulePackage {
    $module = 'artifacts/package/EGoat'
    Remove-Item artifacts/package, artifacts/EGoat.*.nupkg -Recurse -Force -ErrorAction Ignore
    New-Item -ItemType Directory -Force $module | Out-Null
    Copy-Item module/EGoat/* $module -Recurse
    Copy-Item LICENSE, docs/third-party.md $module
    Compress-PSResource -Path $module -DestinationPath artifacts
    Remove-Item artifacts/package -Recurse
}

switch ($Task) {
    'Build' { dotnet build -c $Configuration }
    'Test' { dotnet test -c $Configuration }
    'Pester' {
        dotnet build src/EGoat.PowerShell -c $Configuration
        Invoke-ModuleTest
    }
    'Package' {
        dotnet build src/EGoat.PowerShell -c $Configuration
        dotnet publish src/EGoat.Cli -c $Configuration -r $Runtime -o artifacts/egoat-$Runtime
        Publish-Module
        Publish-ModulePackage
    }
}
