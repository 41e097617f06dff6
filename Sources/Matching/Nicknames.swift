/// Given names that the same person goes by.
///
/// Written for this project from common British usage, with the ways in which names that are frequent in Derby are
/// spelt in Latin letters. Names of one line stand for one another; a name may stand in several lines.
enum Nicknames {
    /// Whether two folded given names are short or other forms of one name.
    static func stand(_ left: [UInt8], for right: [UInt8]) -> Bool {
        guard let a = groups[left], let b = groups[right] else { return false }
        return !a.isDisjoint(with: b)
    }

    private static let groups: [[UInt8]: Set<Int>] = {
        var groups: [[UInt8]: Set<Int>] = [:]
        for (number, line) in lines.split(separator: "\n").enumerated() {
            for name in line.split(separator: " ") { groups[Array(name.utf8), default: []].insert(number) }
        }
        return groups
    }()

    private static let lines = """
        abigail abby abbie gail
        ahmed ahmad ahmet ahmad
        alan allan allen al
        albert bert bertie al
        alexander alex alec alexis sandy sasha xander aleksander oleksandr
        alexandra alex alexa sandra sandy sasha lexi aleksandra oleksandra
        alfred alf alfie fred
        ali aly
        alison ali allie
        amanda mandy
        andrew andy drew andrzej andriy
        angela angie ange
        ann anne anna annie hannah nan nancy
        anthony tony antony ant
        antonia toni
        archibald archie
        arthur art
        barbara barb barbie babs
        benjamin ben benny benji
        bernard bernie
        bridget bridie biddy
        cameron cam
        caroline carol carrie lina
        carolyn carol carrie
        catherine katherine kathryn catharine cathryn katharine cath kath cathy kathy kate katie katy kit kitty katarzyna kasia
        cecilia celia cissy
        charles charlie chas chuck
        charlotte charlie lottie lotte
        christina christine tina chris chrissie kirsty
        christopher chris kit topher
        clifford cliff
        daniel dan danny
        danielle dani
        david dave davy dai
        deborah debra deb debbie debby
        denise denny
        dennis den denny denis
        derek del derrick
        donald don donny
        dorothy dot dottie dolly dora
        douglas doug dougie
        edmund ed eddie ted
        edward ed eddie ted teddy ned eddy
        eleanor ellie nell nellie nora elinor ellen elena
        elizabeth elisabeth liz lizzie lizzy beth betty bess betsy eliza elsie lisa libby lilibet elspeth elzbieta
        emily em emmy millie emma
        emmanuel manny emanuel
        ernest ernie
        esther hester
        eugene gene
        fatima fatimah fatma fatema
        florence flo florrie flossie
        frances fran frankie fanny francesca
        francis frank frankie
        frank frankie
        frederick fred freddie freddy frederic
        gabriel gabe
        gareth gary garry gaz
        geoffrey jeffrey geoff jeff
        george georgie yiorgos jerzy
        georgina georgia georgie gina
        gerald gerry jerry ged gerard
        gertrude gert trudy
        gillian jill gill jillian
        graham graeme grahame
        gregory greg
        gwendoline gwen gwendolen
        harold harry hal
        harriet hattie harry
        harry henry hal harold hank
        helen nell nellie ellen helena olena elena
        hussain hussein husain husayn hossain
        ian iain
        ibrahim abraham ebrahim
        isaac ishaq ike
        isabel isobel isabelle isabella bella izzy belle
        ismail ishmael
        jack john jackie jake
        jacob jake
        jacqueline jackie jacqui jacky
        james jim jimmy jamie jem
        jane janie jenny janet jean joan
        jasmine jaz yasmin yasmine
        jennifer jen jenny jenni
        jeremy jerry jez
        jessica jess jessie
        joan joanie
        joanna joanne jo
        john johnny jon jack jan ivan jonny
        jonathan jon jonny jonty johnathan
        joseph joe joey jo jozef yusuf yousef
        josephine jo josie
        joshua josh
        judith judy judi
        julia julie jules
        julian jules
        kenneth ken kenny
        kevin kev
        khadija khadijah khadeeja
        kimberley kim kimberly
        laura laurie lara
        lawrence laurence larry laurie lol
        leonard len lenny leo
        leslie les lesley
        lewis louis lew lou
        lilian lily lil lillian
        louise lou
        lucy lucille lucinda
        lynne lynn lyn linda lin lynda
        malcolm mal
        margaret maggie meg peggy madge marge margie marjorie greta rita daisy peg
        maria mary marie maryam mariam mariya mia molly may
        mariam maryam miriam
        mark marc
        martha mattie
        martin marty martyn
        mary molly polly may mae
        matilda tilly mattie
        matthew matt mathew
        maureen mo
        maurice mo morris
        maxwell max
        maximilian max
        michael mike mick mickey mikey mitch mykhailo michal
        michelle shelly chelle
        mohammed muhammad mohamed mohammad muhammed mohamad mahomed mohd muhamad mehmet md
        mustafa mustapha
        nancy nan
        natalie nat nathalie
        natasha tasha
        nathan nate nat nathaniel
        nicholas nick nicky nicolas mykola mikolaj
        nicola nicky nikki
        norman norm
        oliver ollie olly
        olivia livvy liv
        omar umar omer
        pamela pam
        patricia pat patsy tricia trish patti
        patrick pat paddy rick
        paul pavel pawel pavlo
        penelope penny
        peter pete pyotr petro piotr
        philip phil phillip pip
        philippa pippa
        priscilla cilla
        rachel rach rachael
        raymond ray
        rebecca becky becca bex
        reginald reg reggie
        richard rick ricky dick dickie rich richie
        robert rob bob bobby robbie bert robin
        roberta bobbie
        roger rodge
        ronald ron ronnie
        rosemary rose rosie
        ruth ruthie
        samantha sam sammy
        samuel sam sammy
        sandra sandy
        sarah sara sally sadie
        sean shaun shawn shane
        sharon shaz
        sidney sid sydney
        simon si
        stanley stan
        stephanie steph
        stephen steven steve stevie stefan
        stuart stewart stu
        susan sue susie suzie suzanne susannah
        syed sayed sayyid said saeed
        teresa theresa tess terry tessa
        terence terry terrence tel
        theodore theo ted teddy
        thomas tom tommy tomasz
        timothy tim timmy
        tobias toby
        trevor trev
        valerie val
        veronica ronnie
        victor vic viktor
        victoria vicky vicki tori vikki
        vincent vince vinnie
        vivian viv vivienne
        walter wally wal walt
        wilfred wilf
        wilhelmina mina
        william will bill billy willie liam
        winifred win winnie
        yusuf youssef yousaf yousef yosef
        yvonne evie
        zachary zach zack
        zoe zoey
        """
}
