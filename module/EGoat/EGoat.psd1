@{
    RootModule           = 'EGoat.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = '5b1f5f64-7d0b-4f0c-9c57-2f3c8b6c1f0e'
    Author               = 'The E-Goat authors'
    CompanyName          = 'The E-Goat authors'
    Copyright            = '(c) The E-Goat authors. MIT license.'
    Description          = 'Chat and send files directly between machines: WebRTC data channels, an embedded signaling server and a local history.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    TypesToProcess       = @('EGoat.Types.ps1xml')
    FormatsToProcess     = @('EGoat.Format.ps1xml')
    CmdletsToExport      = @(
        'Exit-EGoatRoom'
        'Get-EGoatFileHash'
        'Get-EGoatHistory'
        'Get-EGoatPeer'
        'Get-EGoatRoom'
        'Get-EGoatSignaling'
        'Get-EGoatTransfer'
        'Join-EGoatRoom'
        'Receive-EGoatFile'
        'Receive-EGoatMessage'
        'Resume-EGoatTransfer'
        'Send-EGoatFile'
        'Send-EGoatMessage'
        'Start-EGoatSignaling'
        'Stop-EGoatSignaling'
        'Stop-EGoatTransfer'
        'Suspend-EGoatTransfer'
        'Wait-EGoatPeer'
    )
    FunctionsToExport    = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags         = @('chat', 'file-transfer', 'webrtc', 'p2p', 'PSEdition_Core')
            LicenseUri   = 'https://opensource.org/license/mit'
            ReleaseNotes = 'The first version: rooms, messages with receipts, files that resume, an embedded signaling server with a page, and a history.'
        }
    }
}
