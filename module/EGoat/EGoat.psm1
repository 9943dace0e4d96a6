# Loads EGoat.dll, whose types users see, into the default load context, and the cmdlets with all that they depend on
# into a context of their own.
$ErrorActionPreference = 'Stop'

$types = Join-Path $PSScriptRoot 'bin' 'EGoat.dll'
if (-not (Test-Path -LiteralPath $types)) {
    throw "The module's binaries are missing from '$PSScriptRoot'. Build them with: dotnet build src/EGoat.PowerShell"
}

$shipped = [System.Reflection.AssemblyName]::GetAssemblyName($types).Version
$loaded = [System.AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq 'EGoat' } | Select-Object -First 1
if ($loaded -and $loaded.GetName().Version -ne $shipped) {
    throw "Version $($loaded.GetName().Version) of EGoat is loaded and cannot be replaced by $shipped in this process. Restart pwsh."
}

if (-not $loaded) {
    $null = [System.Reflection.Assembly]::LoadFrom($types)
}

$inner = Import-Module -Assembly ([EGoat.LoadContext]::Load($PSScriptRoot, 'EGoat.PowerShell')) -PassThru

# Without this a later Import-Module -Force would find the inner module loaded and export nothing.
$ExecutionContext.SessionState.Module.OnRemove = { Remove-Module -ModuleInfo $inner -Force -ErrorAction Ignore }
